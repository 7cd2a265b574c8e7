/** What stands in the way of an undo, in words. */

import { t, type Key } from '$lib/i18n/index.svelte';
import { en } from '$lib/i18n/en';

const MOST = 4;

interface Conflict {
  key: string;
  field: string;
  set: unknown;
  found: unknown;
}

/** Return a line for each of the first conflicts that a refused undo lists. */
export function describeConflicts(listed: unknown): string[] {
  if (!Array.isArray(listed)) return [];
  const conflicts = listed as Conflict[];
  const lines = conflicts.slice(0, MOST).map(({ key, field, set, found }) =>
    t('undo.conflict', {
      key,
      field: fieldName(field),
      set: plain(field, set),
      found: plain(field, found),
    }),
  );
  const more = conflicts.length - lines.length;
  return more > 0 ? [...lines, t('list.more', { count: more })] : lines;
}

/** Return the name of an issue's field. */
export function fieldName(field: string): string {
  const key = `field.${field}`;
  return key in en ? t(key as Key & `field.title`) : field;
}

/** Return a value of a field as people say it. `nameOf` knows people by their ids. */
export function plain(
  field: string,
  value: unknown,
  nameOf: (id: number) => string = (id) => `#${id}`,
): string {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0))
    return field === 'assignee' ? t('issue.assignee.none') : t('value.none');
  if (Array.isArray(value)) return value.join(', ');
  const key = `${field}.${String(value)}`;
  if (key in en) return t(key as Key & 'status.open');
  if (field === 'assignee') return nameOf(Number(value));
  return String(value).slice(0, 60);
}
