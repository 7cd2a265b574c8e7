/** Pictures of attachments: asked for with the token, shown from memory. */

import { answer, api } from '$lib/api/client';
import { queryClient } from '$lib/api/queries';
import { keep } from '$lib/components/keep';

/** Return the bytes of an attachment, or of its thumbnail. Throws `ApiError`. */
export function pictureOf(id: number, thumbnail: boolean): Promise<Blob> {
  return queryClient.fetchQuery({
    queryKey: ['picture', id, thumbnail],
    staleTime: Infinity,
    gcTime: 60_000,
    queryFn: async () => {
      const path = { attachment_id: id };
      const body = thumbnail
        ? api.GET('/api/v1/attachments/{attachment_id}/thumbnail', {
            params: { path, query: { size: 320 } },
            parseAs: 'blob',
          })
        : api.GET('/api/v1/attachments/{attachment_id}/content', {
            params: { path },
            parseAs: 'blob',
          });
      return (await answer<unknown>(body)) as Blob;
    },
  });
}

/** Save a file to the disk of whoever looks at it. Throws `ApiError`. */
export async function download(id: number, name: string): Promise<void> {
  keep(name, await pictureOf(id, false));
}
