/**
 * Changing an issue: at once on the screen, then on the server. Where somebody else was faster,
 * changes of different fields are joined; of the same field, both versions are handed back.
 */

import { answer, answered, api, ifMatch } from '$lib/api/client';
import { asApiError } from '$lib/api/problem';
import { keys, queryClient } from '$lib/api/queries';
import type { Issue, IssueChange, Person } from '$lib/api/types';
import { patchLists } from '$lib/issues/list.svelte';

export type FieldName = keyof IssueChange;

/** Two people changed the same field: what stands there now, and what was to be saved. */
export interface Conflict {
  base: Issue;
  theirs: Issue;
  change: IssueChange;
  fields: FieldName[];
}

const TRIES = 4;

/** Return a field of an issue as a change would have it. */
export function valueOf(issue: Issue, field: FieldName): unknown {
  const value = issue[field];
  return field === 'assignee' ? ((value as Person | null)?.id ?? null) : value;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What came of a change: a conflict to choose about, or the change-set that undoes it, if any. */
export interface Saved {
  conflict: Conflict | null;
  changeSet: string | null;
}

/**
 * Save `change`, which was made while looking at `base`. Throws `ApiError` where the change was
 * refused; the screen then shows what is there.
 *
 * `shown` is what the screen shows meanwhile, where the change alone does not say it.
 */
export async function saveChange(
  base: Issue,
  change: IssueChange,
  shown: Partial<Issue> = {},
): Promise<Saved> {
  const key = keys.issue(base.key, null);
  await queryClient.cancelQueries({ queryKey: key, exact: true });
  const before = queryClient.getQueryData<Issue>(key) ?? base;
  const { assignee: _, ...plain } = change;
  queryClient.setQueryData<Issue>(key, { ...before, ...(plain as Partial<Issue>), ...shown });
  let from = base;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { body, changeSet } = await patch(from, change);
      keep(body);
      void queryClient.invalidateQueries({ queryKey: keys.events(base.key) });
      return { conflict: null, changeSet };
    } catch (error) {
      if (!asApiError(error).isStale || attempt === TRIES) {
        queryClient.setQueryData(key, before);
        throw error;
      }
    }
    const theirs = await fetchIssue(base.key);
    const fields = clashing(base, theirs, change);
    if (fields.length > 0) {
      keep(theirs);
      return { conflict: { base, theirs, change, fields }, changeSet: null };
    }
    from = theirs;
  }
}

/** Return the fields that both have changed, and not to the same. */
export function clashing(base: Issue, theirs: Issue, change: IssueChange): FieldName[] {
  return (Object.keys(change) as FieldName[]).filter((field) => {
    const now = valueOf(theirs, field);
    return !same(now, valueOf(base, field)) && !same(now, change[field]);
  });
}

/** Fetch the newest version. */
export function fetchIssue(key: string): Promise<Issue> {
  return answer(api.GET('/api/v1/issues/{key}', { params: { path: { key } } }));
}

/** Change what was version `from.version`, on the server alone. */
export function patch(from: Pick<Issue, 'key' | 'version'>, change: IssueChange) {
  return answered(
    api.PATCH('/api/v1/issues/{key}', {
      params: { path: { key: from.key }, header: ifMatch(from.version) },
      body: change,
    }),
  );
}

function keep(issue: Issue): void {
  queryClient.setQueryData(keys.issue(issue.key, null), issue);
  patchLists(issue);
}
