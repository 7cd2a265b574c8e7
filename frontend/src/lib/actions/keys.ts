/** Keys as texts: `c`, `g i` (one after the other), `Mod+k` (⌘ on a Mac, Ctrl elsewhere), `?`. */

/** How long the second key of two may take to come. */
const PATIENCE_MS = 1500;

interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Return what was pressed as one writes it; null for keys that belong to browser or system. */
export function strokeOf({ key, ctrlKey, metaKey, altKey }: Pressed): string | null {
  if (altKey || ['Control', 'Meta', 'Shift', 'Alt', 'AltGraph', 'Dead', ''].includes(key))
    return null;
  const name = key.length === 1 ? key.toLowerCase() : key;
  return ctrlKey || metaKey ? `Mod+${name}` : name;
}

/** Whether keys stand for letters there. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !['button', 'checkbox', 'radio', 'range', 'reset', 'submit'].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    target.isContentEditable
  );
}

/** Puts strokes together: `g`, then `i` soon after, is `g i`. */
export function createSequence(patience = PATIENCE_MS) {
  let first = '';
  let at = 0;

  /**
   * Take a stroke at `now` (in ms). Returns which of `known` it completes, or null; whether it was
   * the first of two is told by `isBegun`.
   */
  function take(stroke: string, known: readonly string[], now: number): string | null {
    const both = first !== '' && now - at <= patience ? `${first} ${stroke}` : '';
    first = '';
    if (both && known.includes(both)) return both;
    if (known.some((keys) => keys.startsWith(`${stroke} `))) {
      first = stroke;
      at = now;
      return null;
    }
    return known.includes(stroke) ? stroke : null;
  }

  return {
    take,
    get isBegun() {
      return first !== '';
    },
  };
}
