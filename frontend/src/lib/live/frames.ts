/** Server-sent events out of a text that comes in pieces (WHATWG HTML, "Parsing an event stream"). */

export interface Frame {
  event: string;
  data: string;
}

export interface Reader {
  /** Take the next piece. */
  take(piece: string): void;
  /** The last id that was sent; '' before the first. */
  readonly lastId: string;
  /** How long to wait before coming back, in ms, as the server wishes; null if it has not said. */
  readonly retry: number | null;
}

/** Create a reader that hands every whole event to `onFrame`; comments only tell that it lives. */
export function createReader(onFrame: (frame: Frame) => void, lastId = ''): Reader {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let pending = lastId;
  let retry: number | null = null;

  function line(text: string) {
    if (text === '') {
      // The id counts from the end of its block, also where the block says nothing else.
      lastId = pending;
      if (data.length > 0) onFrame({ event: event || 'message', data: data.join('\n') });
      event = '';
      data = [];
      return;
    }
    if (text.startsWith(':')) return;
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) pending = value;
    else if (field === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  }

  return {
    take(piece) {
      rest += piece;
      // A carriage return at the end may be the first half of a line's end.
      const whole = /\r\n|\n|\r(?!$)/g;
      let from = 0;
      for (const match of rest.matchAll(whole)) {
        line(rest.slice(from, match.index));
        from = match.index + match[0].length;
      }
      rest = rest.slice(from);
    },
    get lastId() {
      return lastId;
    },
    get retry() {
      return retry;
    },
  };
}
