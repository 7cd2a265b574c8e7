/**
 * What somebody has typed and not sent: kept in this browser, per person, until it has arrived or was
 * given up. Survives a reload, signing out, and a session that has ended.
 */

import { readStored, writeStored } from '$lib/state/stored';

/** Older drafts are forgotten. */
export const KEPT_MS = 90 * 86_400_000;
const PREFIX = 'draft:';

export interface Draft<T> {
  value: T;
  /** When it was last typed into, in ms. */
  at: number;
}

/** The name under which a draft is kept: `draft:7:comment:WEB-42`. */
export const draftName = (personId: number, about: string): string =>
  `${PREFIX}${personId}:${about}`;

/** Return the draft about something, or null. */
export function readDraft<T>(personId: number, about: string): Draft<T> | null {
  return readStored<Draft<T> | null>(draftName(personId, about), null);
}

/** Keep `value`; null forgets it. */
export function keepDraft<T>(personId: number, about: string, value: T | null): void {
  const draft: Draft<T> | null = value === null ? null : { value, at: Date.now() };
  writeStored(draftName(personId, about), draft);
}

/** Forget what nobody has touched for long. */
export function forgetOldDrafts(now = Date.now()): void {
  try {
    for (const name of Object.keys(localStorage))
      if (name.startsWith(PREFIX)) {
        const draft = readStored<Draft<unknown> | null>(name, null);
        if (!draft || now - draft.at > KEPT_MS) writeStored(name, null);
      }
  } catch {
    // A browser without storage has no drafts either.
  }
}
