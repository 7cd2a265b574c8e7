/** Taking a change back: its whole change-set or, where somebody went on from it, nothing of it. */

import { answer, api, idempotent } from '$lib/api/client';
import { asApiError } from '$lib/api/problem';
import { refreshIssues } from '$lib/api/queries';
import { complain, say, warn } from '$lib/components/toast';
import { describeConflicts } from './conflicts';
import { t } from '$lib/i18n/index.svelte';

/** Say that something was done, and offer to undo it. */
export function sayUndoable(text: string, changeSet: string): void {
  say(text, () => void undo(changeSet));
}

/** Undo a change-set, and say what came of it. */
export async function undo(changeSet: string): Promise<void> {
  try {
    const params = { path: { change_set: changeSet }, header: idempotent() };
    const { changed } = await answer(api.POST('/api/v1/change-sets/{change_set}/undo', { params }));
    say(t('undo.done', { count: changed }));
  } catch (error) {
    const conflicts = describeConflicts(asApiError(error).problem?.conflicts);
    if (conflicts.length > 0) warn(t('undo.refused'), conflicts);
    else complain(error);
  }
  await refreshIssues();
}
