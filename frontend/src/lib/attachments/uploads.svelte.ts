/** The files on their way to an issue: their progress, what went wrong, another try, calling it off. */

import { queryClient } from '$lib/api/queries';
import { asApiError } from '$lib/api/problem';
import type { Attachment } from '$lib/api/types';
import { t } from '$lib/i18n/index.svelte';
import { reference } from './files';
import { upload } from './upload';

export class Upload {
  readonly id = crypto.randomUUID();
  /** The share that has been sent. */
  share = $state(0);
  error = $state<string | null>(null);
  /** Whether another try may end otherwise. */
  worthAgain = $state(true);
  /** What becomes of it in the end, over all tries; null where it was given up. */
  readonly settled: Promise<Attachment | null>;
  #settle: (made: Attachment | null) => void = () => undefined;
  #stop = new AbortController();

  constructor(
    readonly key: string,
    readonly file: File,
    private readonly over: (one: Upload) => void,
  ) {
    this.settled = new Promise((settle) => (this.#settle = settle));
  }

  /** Send it, for the first time or again; a refusal is said in its place. */
  async send(): Promise<void> {
    this.error = null;
    this.share = 0;
    this.#stop = new AbortController();
    try {
      const made = await upload(this.key, this.file, {
        onProgress: (share) => (this.share = share),
        signal: this.#stop.signal,
        once: this.id,
      });
      this.over(this);
      this.#settle(made);
      await queryClient.invalidateQueries({ queryKey: ['issue', this.key] });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return;
      const known = asApiError(error);
      this.worthAgain = !known.isForGood;
      this.error = known.isOffline ? t('error.offline') : known.message;
    }
  }

  /** Call it off, or take it out of sight where it was refused. */
  drop(): void {
    this.#stop.abort();
    this.#settle(null);
    this.over(this);
  }
}

/** Files on their way, by issue: they go on while one looks at something else. */
const going = $state<Record<string, Upload[]>>({});

export const uploadsOf = (key: string): Upload[] => going[key] ?? [];

/** Send files to an issue, all at once. Returns what becomes of each in the end. */
export function send(key: string, files: readonly File[]): Promise<Attachment | null>[] {
  return files.map((file) => {
    const one = new Upload(key, file, ({ id }) => {
      going[key] = uploadsOf(key).filter((other) => other.id !== id);
    });
    going[key] = [...uploadsOf(key), one];
    void one.send();
    return one.settled;
  });
}

/** Send files, and return what a text is to say of each; null of one that was given up. */
export function sendAndRefer(key: string, files: readonly File[]): Promise<string | null>[] {
  return send(key, files).map(async (one) => {
    const made = await one;
    return made && reference(made);
  });
}
