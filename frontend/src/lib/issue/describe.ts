/** What an event of an issue says, in words. */

import type { Event, RelationSeen } from '$lib/api/types';
import { locale, t, type Key } from '$lib/i18n/index.svelte';
import { day } from '$lib/time/format';

const FIELDS = new Set([
  'title',
  'description',
  'status',
  'severity',
  'resolution',
  'assignee',
  'labels',
  'due_date',
]);

/** Return what happened, to stand after the name of who did it. `nameOf` knows people by id. */
export function describe(
  event: Pick<Event, 'kind' | 'field' | 'old' | 'new'>,
  nameOf: (id: number) => string,
): string {
  if (event.kind === 'created') return t('event.created');
  if (event.field === 'deleted') return t(event.new === true ? 'event.deleted' : 'event.restored');
  if (event.kind === 'comment deleted') return t('event.comment.deleted');
  if (event.kind === 'attached') return t('event.attached', { name: nameOfFile(event.new) });
  if (event.kind === 'detached')
    return t('event.attachment.removed', { name: nameOfFile(event.old) });
  if (event.field === 'relation') return related(event);
  if (event.field === 'confidential')
    return t(event.new === true ? 'event.confidential' : 'event.not-confidential');
  if (event.kind !== 'changed' || !event.field || !FIELDS.has(event.field))
    return t('event.other', { kind: event.kind });
  const field = t(`field.${event.field}` as Key & `field.${'title' | 'status'}`);
  if (event.field === 'description') return t('event.text', { field });
  if (event.field === 'labels') return labels(event.old, event.new);
  const [old, now] = [event.old, event.new].map((value) =>
    value === null || value === undefined ? null : shown(event.field ?? '', value, nameOf),
  );
  if (!now) return t('event.cleared', { field, old: old ?? '' });
  if (!old) return t('event.set', { field, new: now });
  return `${t('event.changed', { field })} ${t('event.from-to', { old, new: now })}`;
}

function related({ kind, old, new: now }: Pick<Event, 'kind' | 'old' | 'new'>): string {
  const said = (now ?? old) as { kind: RelationSeen; issue: string };
  return t(kind === 'unrelated' ? 'event.unrelated' : `event.relation.${said.kind}`, {
    issue: said.issue,
  });
}

const nameOfFile = (file: unknown): string =>
  file !== null && typeof file === 'object' && 'name' in file ? String(file.name) : '';

function shown(field: string, value: unknown, nameOf: (id: number) => string): string {
  const text = String(value);
  if (field === 'assignee') return nameOf(Number(value));
  if (field === 'due_date') return day(text, locale());
  if (field === 'status' || field === 'severity' || field === 'resolution')
    return t(`${field}.${text}` as 'status.open');
  return `“${text}”`;
}

function labels(old: unknown, now: unknown): string {
  const [before, after] = [old, now].map((value) =>
    Array.isArray(value) ? (value as string[]) : [],
  );
  const added = after?.filter((label) => !before?.includes(label)) ?? [];
  const removed = before?.filter((label) => !after?.includes(label)) ?? [];
  return [
    added.length > 0 ? t('event.labels.added', told(added)) : '',
    removed.length > 0 ? t('event.labels.removed', told(removed)) : '',
  ]
    .filter(Boolean)
    .join(', ');
}

/** How many labels there are, and each in quotation marks: a label may be any words. */
const told = (labels: string[]) => ({
  count: labels.length,
  labels: labels.map((label) => `“${label}”`).join(', '),
});
