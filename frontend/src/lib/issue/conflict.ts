/** A conflict of versions in words, for `ConflictDialog`. */

import type { Issue } from '$lib/api/types';
import { t } from '$lib/i18n/index.svelte';
import { valueOf, type Conflict, type FieldName } from './change';

/** Return what both have changed. `nameOf` knows people by id. */
export function partsOf({ theirs, change, fields }: Conflict, nameOf: (id: number) => string) {
  return fields.map((field) => ({
    name: t(`field.${field}`),
    mine: shown(field, change[field], nameOf),
    theirs: shown(field, valueOf(theirs, field), nameOf),
  }));
}

function shown(field: FieldName, value: unknown, nameOf: (id: number) => string): string {
  if (field === 'assignee' && typeof value === 'number') return nameOf(value);
  if (Array.isArray(value)) return value.join(', ') || '–';
  return value === null || value === undefined || value === '' ? '–' : String(value);
}

/** Return the name of somebody who is known from what is on the screen. */
export function nameIn(issues: readonly Partial<Issue>[], id: number): string {
  const people = issues.flatMap(({ assignee, reporter }) => [assignee, reporter]);
  return people.find((person) => person?.id === id)?.name ?? `#${id}`;
}
