/** Comments and changes as one story, the oldest first. */

import type { Comment, Event } from '$lib/api/types';

export type Entry =
  | { kind: 'comment'; at: string; id: string; comment: Comment }
  | { kind: 'changes'; at: string; id: string; events: Event[] };

/** Events that say nothing beyond the comment, attachment or creation that is shown anyway. */
const SILENT = new Set(['commented', 'comment edited']);

/** Join comments and events by time; what was changed together stands together. */
export function timeline(comments: Comment[], events: Event[]): Entry[] {
  const changes = new Map<string, Event[]>();
  for (const event of events) {
    if (SILENT.has(event.kind)) continue;
    const together = changes.get(event.change_set);
    if (together) together.push(event);
    else changes.set(event.change_set, [event]);
  }
  const entries: Entry[] = [
    ...comments.map((comment): Entry => ({
      kind: 'comment',
      at: comment.created_at,
      id: `comment-${comment.id}`,
      comment,
    })),
    ...[...changes.values()].map((together): Entry => ({
      kind: 'changes',
      at: together[0]?.at ?? '',
      id: `changes-${together[0]?.id}`,
      events: together,
    })),
  ];
  // A comment and a change of the same instant: the change first, as it is the shorter.
  return entries.sort(
    (a, b) => a.at.localeCompare(b.at) || a.kind.localeCompare(b.kind) || a.id.localeCompare(b.id),
  );
}
