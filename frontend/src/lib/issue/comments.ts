/** Writing, editing and removing comments. */

import type { InfiniteData } from '@tanstack/svelte-query';
import { answer, api, idempotent, ifMatch } from '$lib/api/client';
import { asApiError } from '$lib/api/problem';
import { keys, queryClient } from '$lib/api/queries';
import type { Comment, CommentPage } from '$lib/api/types';

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

/**
 * Save another text of a comment that was edited while looking at `base`. Returns the newest version
 * where it is another one and says something else: nothing has changed then.
 */
export async function editComment(
  key: string,
  base: Pick<Comment, 'id' | 'version' | 'body'>,
  body: string,
): Promise<Comment | null> {
  const path = { comment_id: base.id };
  try {
    await answer(
      api.PATCH('/api/v1/comments/{comment_id}', {
        params: { path, header: ifMatch(base.version) },
        body: { body },
      }),
    );
  } catch (error) {
    if (!asApiError(error).isStale) throw error;
    await told(key);
    // Reading the timeline again has brought the newest version; without it, it was deleted.
    const theirs = queryClient
      .getQueryData<InfiniteData<CommentPage>>(keys.comments(key, null))
      ?.pages.flatMap(({ items }) => items)
      .find(({ id }) => id === base.id);
    if (!theirs) throw error;
    if (theirs.body === body) return null;
    if (theirs.body !== base.body) return theirs;
    return editComment(key, theirs, body);
  }
  await told(key);
  return null;
}

export async function deleteComment(key: string, comment: Comment): Promise<void> {
  await answer(
    api.DELETE('/api/v1/comments/{comment_id}', {
      params: { path: { comment_id: comment.id }, header: ifMatch(comment.version) },
    }),
  );
  await told(key);
}
