/** Changing all that is selected: tried first, then done, in one change-set. */

import { answer, api, idempotent } from '$lib/api/client';
import type { BulkResult, BulkSet } from '$lib/api/types';

/** Which issues: those of these keys, or those that fit a filter. */
export type Target = { keys: string[] } | { q: string };

/** Ask what a change would do, without doing it. */
export function tryChange(target: Target, set: BulkSet): Promise<BulkResult> {
  return send(target, set, true);
}

/** Change the issues. */
export function changeAll(target: Target, set: BulkSet): Promise<BulkResult> {
  return send(target, set, false);
}

function send(target: Target, set: BulkSet, dryRun: boolean): Promise<BulkResult> {
  return answer(
    api.POST('/api/v1/issues/bulk', {
      params: { header: dryRun ? {} : idempotent() },
      body: { ...target, set, dry_run: dryRun },
    }),
  );
}
