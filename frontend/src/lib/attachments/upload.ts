/**
 * Sending a file with its progress: a large one straight to the S3 server where the browser reaches
 * that, everything else through the API. `fetch` tells no progress of an upload, so that this is
 * XMLHttpRequest.
 */

import { base } from '$app/paths';
import { answer, api, authorization, idempotent } from '$lib/api/client';
import { ApiError, asApiError, type Problem } from '$lib/api/problem';
import type { Attachment } from '$lib/api/types';

interface Options {
  /** Called with the share that has been sent, from 0 to 1. */
  onProgress: (share: number) => void;
  signal: AbortSignal;
  /** A second try of the same file is the same attachment. */
  once: string;
}

/** Below this size one request is quicker than three. */
const DIRECT_FROM = 1024 * 1024;

/** Whether the S3 server can be reached from here; until it is known otherwise, it is tried. */
let direct = true;

/** Attach `file` to an issue. Throws `ApiError`, and `AbortError` where it was called off. */
export async function upload(key: string, file: File, options: Options): Promise<Attachment> {
  if (direct && file.size >= DIRECT_FROM) {
    const made = await uploadDirectly(key, file, options);
    if (made) return made;
    direct = false;
    options.onProgress(0);
  }
  return uploadThroughApi(key, file, options);
}

/** Send the file to the S3 server; returns null where that did not take it. */
async function uploadDirectly(
  key: string,
  file: File,
  { onProgress, signal }: Options,
): Promise<Attachment | null> {
  const { id, url, fields } = await answer(
    api.POST('/api/v1/issues/{key}/attachments/uploads', {
      params: { path: { key } },
      body: { name: file.name, size: file.size },
      signal,
    }),
  );
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file);
  const { status, sent } = await post(url, form, {}, { onProgress, signal });
  // An answer that may not be read (CORS) says nothing; confirming tells whether the file is there.
  if (status >= 300 || (status === 0 && !sent)) return null;
  try {
    const params = { path: { attachment_id: id } };
    return await answer(
      api.POST('/api/v1/attachments/{attachment_id}/confirm', { params, signal }),
    );
  } catch (error) {
    if (status === 0 && asApiError(error).status === 409) return null;
    throw error;
  }
}

async function uploadThroughApi(
  key: string,
  file: File,
  { onProgress, signal, once }: Options,
): Promise<Attachment> {
  const form = new FormData();
  form.append('file', file, file.name);
  const headers = { ...(await authorization()), ...idempotent(once) };
  const path = `${base}/api/v1/issues/${encodeURIComponent(key)}/attachments`;
  const { status, body } = await post(path, form, headers, { onProgress, signal });
  if (status !== 201) throw new ApiError(status, body as Problem | null);
  return body as Attachment;
}

interface Sent {
  /** 0 where there was no answer, or none that may be read. */
  status: number;
  body: unknown;
  /** Whether all of it has left. */
  sent: boolean;
}

function post(
  url: string,
  form: FormData,
  headers: Record<string, string>,
  { onProgress, signal }: Pick<Options, 'onProgress' | 'signal'>,
): Promise<Sent> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let sent = false;
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.upload.onload = () => (sent = true);
    request.onload = () => resolve({ status: request.status, body: request.response, sent });
    request.onerror = () => resolve({ status: 0, body: null, sent });
    request.onabort = () => reject(new DOMException('called off', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}
