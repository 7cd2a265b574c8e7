import { expect, it } from 'vitest';
import type { Comment, Event } from '$lib/api/types';
import { timeline } from './timeline';

const event = (id: number, at: string, change_set: string, kind = 'changed') =>
  ({ id, at, change_set, kind, field: 'status' }) as Event;
const comment = (id: number, created_at: string) => ({ id, created_at }) as Comment;

it('comments and changes are one story, by time', () => {
  const story = timeline(
    [comment(1, '2026-01-02T00:00:00Z')],
    [event(2, '2026-01-03T00:00:00Z', 'b'), event(1, '2026-01-01T00:00:00Z', 'a')],
  );
  expect(story.map(({ id }) => id)).toEqual(['changes-1', 'comment-1', 'changes-2']);
});

it('what was changed together stands together, and comments are not told twice', () => {
  const at = '2026-01-01T00:00:00Z';
  const story = timeline(
    [],
    [event(1, at, 'a'), event(2, at, 'a'), event(3, at, 'c', 'commented')],
  );
  expect(story).toHaveLength(1);
  expect(story[0]).toMatchObject({ kind: 'changes', events: [{ id: 1 }, { id: 2 }] });
});
