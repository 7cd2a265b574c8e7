/** Files of something that is being written, kept as drafts are: in this browser, per person. */

import { createStore, delMany, entries, get, set } from 'idb-keyval';
import { draftName, KEPT_MS } from './drafts';

interface Kept {
  files: File[];
  /** When they were last chosen, in ms. */
  at: number;
}

const store = () => createStore('issue-insight', 'files');

/** Return the files about something. */
export async function readFiles(personId: number, about: string): Promise<File[]> {
  try {
    return (await get<Kept>(draftName(personId, about), store()))?.files ?? [];
  } catch {
    return [];
  }
}

/** Keep files; none forgets those that were kept, and with them what nobody has touched for long. */
export async function keepFiles(personId: number, about: string, files: File[]): Promise<void> {
  try {
    const name = draftName(personId, about);
    if (files.length > 0) await set(name, { files, at: Date.now() } satisfies Kept, store());
    const old = (await entries<string, Kept>(store())).filter(
      ([other, { at }]) => (other === name && files.length === 0) || Date.now() - at > KEPT_MS,
    );
    if (old.length > 0)
      await delMany(
        old.map(([other]) => other),
        store(),
      );
  } catch {
    // Private windows and full disks: the files live as long as the page.
  }
}
