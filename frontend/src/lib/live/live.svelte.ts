/**
 * Changes of others as they happen. The windows of one person share one stream: one of them holds it
 * and tells the others, and when it closes or is out of sight for long, another goes on from the last
 * change that was told.
 */

import { untrack } from 'svelte';
import { takeFirstPlace } from '$lib/api/client';
import { keepStream, type StreamState } from './stream';

/** What somebody changed; `gone`: it is not there for us any more. */
export interface Change {
  match: 'entered' | 'changed' | 'left' | 'gone';
  key: string;
  project: string;
  version?: number | null;
  kind?: string | null;
  field?: string | null;
  change_set?: string | null;
}

export type LiveState = 'connecting' | 'live' | 'offline' | 'paused' | 'off';

type Told =
  | { kind: 'change'; change: Change }
  | { kind: 'place'; lastId: string }
  | { kind: 'state'; state: LiveState }
  | { kind: 'reset' }
  | { kind: 'asked' };

/** Out of sight for longer, a window stops to follow. */
const HIDDEN_MS = 5 * 60_000;

type OnChange = (change: Change) => void;
/** What was read before `instant` (ms; without one, whatever was read) may be old. */
type OnGap = (instant?: number) => void;
// Nothing is drawn from these.
/* eslint-disable svelte/prefer-svelte-reactivity */
const followers = new Set<OnChange>();
const rereaders = new Set<OnGap>();
/* eslint-enable svelte/prefer-svelte-reactivity */

let state = $state<LiveState>('connecting');

/** How the connection stands. */
export const liveState = (): LiveState => state;

/** Hear of every change, for as long as the calling component is there. */
export function onLiveChange(follow: OnChange, onGap?: OnGap): void {
  $effect(() => {
    followers.add(follow);
    if (onGap) rereaders.add(onGap);
    return () => {
      followers.delete(follow);
      if (onGap) rereaders.delete(onGap);
    };
  });
}

/** Follow changes as the person with that id, while `wanted` says so and the component is there. */
export function followLive(personId: number, wanted: () => boolean): void {
  let lastId = '';
  // What was told before this window listened.
  let missed = true;
  let hidden = $state(false);

  $effect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => (hidden = true), HIDDEN_MS);
      else hidden = false;
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  });

  $effect(() => {
    if (!wanted() || hidden) {
      state = 'paused';
      missed = true;
      return;
    }
    return untrack(follow);
  });

  function follow(): () => void {
    const stop = new AbortController();
    const channel = new BroadcastChannel(`live-${personId}`);
    let leads = false;
    state = navigator.onLine ? 'connecting' : 'offline';

    const tell = (told: Told) => {
      take(told);
      channel.postMessage(told);
    };
    const take = (told: Told) => {
      if (told.kind === 'change') for (const one of followers) one(told.change);
      else if (told.kind === 'place') lastId = told.lastId;
      else if (told.kind === 'reset') for (const one of rereaders) one();
      else if (told.kind === 'state') state = told.state;
    };
    channel.onmessage = ({ data }: MessageEvent<Told>) => {
      if (data.kind !== 'asked') {
        // Somebody else held the stream while we were away: what was told then is to be read.
        if (missed && !leads) {
          missed = false;
          take({ kind: 'reset' });
        }
        take(data);
      } else if (leads) {
        channel.postMessage({ kind: 'state', state } satisfies Told);
        channel.postMessage({ kind: 'place', lastId } satisfies Told);
      }
    };
    channel.postMessage({ kind: 'asked' } satisfies Told);

    const lead = async () => {
      leads = true;
      // Going on from the last place, or from before the first reading, brings what was missed.
      missed = false;
      lastId ||= takeFirstPlace();
      await keepStream(
        {
          lastId,
          onState: (now) => {
            tell({ kind: 'state', state: STATES[now] });
            // From here on nothing is missed; what was read before may lack what came between.
            if (now === 'open' && lastId === '') for (const one of rereaders) one(Date.now());
          },
          onChange: (data) => tell({ kind: 'change', change: JSON.parse(data) as Change }),
          onPlace: (id) => tell({ kind: 'place', lastId: id }),
          onReset: () => tell({ kind: 'reset' }),
        },
        stop.signal,
      );
      leads = false;
    };
    // Locks take a secure origin: without one, every window has a stream of its own.
    if ('locks' in navigator)
      navigator.locks.request(`live-${personId}`, { signal: stop.signal }, lead).catch(ended);
    else lead().catch(ended);

    return () => {
      stop.abort();
      channel.close();
    };
  }
}

const STATES: Record<StreamState, LiveState> = {
  connecting: 'connecting',
  open: 'live',
  waiting: 'offline',
  refused: 'off',
};

function ended(error: unknown): void {
  if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
}
