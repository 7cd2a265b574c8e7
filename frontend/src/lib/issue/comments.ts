/** Writing, editing and removing comments. */

import { answer, api, idempotent, ifMatch } from '$lib/api/client';
import { queryClient } from '$lib/api/queries';
import type { Comment } from '$lib/api/types';

const told = (key: string) => queryClient.invalidateQueries({ queryKey: ['issue', key] });

/** Send a comment; `once` makes a second try of the same text the same comment. */
export async function addComment(key: string, body: string, once: string): Promise<void> {
  await answer(
    api.POST('/api/v1/issues/{key}/comments', {
      params: { path: { key } },
      headers: idempotent(once),
      body: { body },
    }),
  );
  await told(key);
}

export async function editComment(key: string, comment: Comment, body: string): Promise<void> {
  await answer(
    api.PATCH('/api/v1/comments/{comment_id}', {
      params: { path: { comment_id: comment.id }, header: ifMatch(comment.version) },
      body: { body },
    }),
  );
  await told(key);
}

export async function deleteComment(key: string, comment: Comment): Promise<void> {
  await answer(
    api.DELETE('/api/v1/comments/{comment_id}', {
      params: { path: { comment_id: comment.id }, header: ifMatch(comment.version) },
    }),
  );
  await told(key);
}
