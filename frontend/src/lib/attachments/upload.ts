/** Sending a file with its progress. `fetch` tells none of an upload, so that this is XMLHttpRequest. */

import { base } from '$app/paths';
import { authorization, idempotent } from '$lib/api/client';
import { ApiError, type Problem } from '$lib/api/problem';
import type { Attachment } from '$lib/api/types';

interface Options {
  /** Called with the share that has been sent, from 0 to 1. */
  onProgress: (share: number) => void;
  signal: AbortSignal;
  /** A second try of the same file is the same attachment. */
  once: string;
}

/** Attach `file` to an issue. Throws `ApiError`, and `AbortError` where it was called off. */
export async function upload(key: string, file: File, options: Options): Promise<Attachment> {
  const headers = { ...(await authorization()), ...idempotent(options.once) };
  options.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${base}/api/v1/issues/${encodeURIComponent(key)}/attachments`);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) =>
      options.onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      if (request.status === 201) resolve(request.response as Attachment);
      else reject(new ApiError(request.status, request.response as Problem | null));
    };
    request.onerror = () => reject(new ApiError(0, null));
    request.onabort = () => reject(new DOMException('called off', 'AbortError'));
    options.signal.addEventListener('abort', () => request.abort(), { once: true });
    const form = new FormData();
    form.append('file', file, file.name);
    request.send(form);
  });
}
