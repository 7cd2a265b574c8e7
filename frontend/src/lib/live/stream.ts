/**
 * The stream of changes, kept open: resumed after the last id, watched for silence, opened again with
 * a fresh token when one has ended. Knows nothing of what the changes are for.
 */

import { answer, api } from '$lib/api/client';
import { asApiError } from '$lib/api/problem';
import { createReader } from './frames';
import { waitFor } from './pace';

/** `refused` is for good: the server has no stream for this person. */
export type StreamState = 'connecting' | 'open' | 'waiting' | 'refused';

interface Hooks {
  lastId: string;
  onState: (state: StreamState) => void;
  onChange: (data: string) => void;
  onPlace: (lastId: string) => void;
  /** The place asked for is unknown: everything is to be read again. */
  onReset: () => void;
}

/** The server gives a sign of life every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 1000;
/** A stream that held this long was a good one: its end is no failure. */
const GOOD_MS = 5000;
const AGAIN = new Set([408, 425, 429]);

/** Keep the stream open until `signal` says otherwise. */
export async function keepStream(hooks: Hooks, signal: AbortSignal): Promise<void> {
  let lastId = hooks.lastId;
  let retry = RETRY_MS;
  let failures = 0;
  while (!signal.aborted) {
    hooks.onState('connecting');
    const began = performance.now();
    let reason = '';
    try {
      await read();
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      const { status } = asApiError(error);
      if (status >= 400 && status < 500 && !AGAIN.has(status)) {
        hooks.onState('refused');
        return;
      }
      failures = performance.now() - began > GOOD_MS ? 1 : failures + 1;
    }
    if (signal.aborted) return;
    // A token that has ended is no reason to wait.
    if (reason === 'expired') continue;
    hooks.onState('waiting');
    await pause(waitFor(Math.max(1, failures), retry), signal);

    // Resolves where the server ended the stream, throws where it broke.
    async function read() {
      const cut = new AbortController();
      const either = AbortSignal.any([signal, cut.signal]);
      const stop = () => cut.abort();
      let watch = setTimeout(stop, SILENCE_MS);
      // A connection may outlive its network for a long while, and nothing comes through it.
      addEventListener('offline', stop);
      const reader = createReader(({ event, data }) => {
        if (event === 'change') hooks.onChange(data);
        else if (event === 'reset') hooks.onReset();
        else if (event === 'end') reason = (JSON.parse(data) as { reason: string }).reason;
      }, lastId);
      try {
        const body = (await answer(
          api.GET('/api/v1/live', {
            params: { query: { q: '' }, header: lastId ? { 'Last-Event-ID': lastId } : {} },
            parseAs: 'stream',
            cache: 'no-store',
            signal: either,
          }),
        )) as unknown as ReadableStream<Uint8Array>;
        hooks.onState('open');
        const pieces = body.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>;
        const source = pieces.getReader();
        for (;;) {
          const { value, done } = await source.read();
          if (done) return;
          clearTimeout(watch);
          watch = setTimeout(stop, SILENCE_MS);
          reader.take(value);
          if (reader.lastId !== lastId) hooks.onPlace((lastId = reader.lastId));
          retry = reader.retry ?? retry;
        }
      } finally {
        clearTimeout(watch);
        removeEventListener('offline', stop);
        stop();
      }
    }
  }
}

/** Wait; shorter where the network comes back meanwhile. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(finish, ms);
    function finish() {
      clearTimeout(timer);
      removeEventListener('online', finish);
      signal.removeEventListener('abort', finish);
      resolve();
    }
    addEventListener('online', finish);
    signal.addEventListener('abort', finish);
  });
}
