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
  #stop = new AbortController();

  constructor(
    readonly key: string,
    readonly file: File,
    private readonly over: (one: Upload) => void,
  ) {}

  /** Send it; returns null where it was called off or refused, which is then said in its place. */
  async send(): Promise<Attachment | null> {
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
      await queryClient.invalidateQueries({ queryKey: ['issue', this.key] });
      return made;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return null;
      const known = asApiError(error);
      this.error = known.isOffline ? t('error.offline') : known.message;
      return null;
    }
  }

  /** Call it off, or take it out of sight where it was refused. */
  drop(): void {
    this.#stop.abort();
    this.over(this);
  }
}

/** Files on their way, by issue: they go on while one looks at something else. */
const going = $state<Record<string, Upload[]>>({});

export const uploadsOf = (key: string): Upload[] => going[key] ?? [];

/** Send files to an issue, all at once. Returns what becomes of each. */
export function send(key: string, files: readonly File[]): Promise<Attachment | null>[] {
  return files.map((file) => {
    const one = new Upload(key, file, ({ id }) => {
      going[key] = uploadsOf(key).filter((other) => other.id !== id);
    });
    going[key] = [...uploadsOf(key), one];
    return one.send();
  });
}

/** Send files, and return what a text is to say of each; null of one that did not arrive. */
export function sendAndRefer(key: string, files: readonly File[]): Promise<string | null>[] {
  return send(key, files).map(async (one) => {
    const made = await one;
    return made && reference(made);
  });
}
