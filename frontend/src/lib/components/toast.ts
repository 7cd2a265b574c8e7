/** Short messages at the edge of the page: what was done, with a way to take it back. */

import { toast } from 'svelte-sonner';
import { asApiError } from '$lib/api/problem';
import { t } from '$lib/i18n/index.svelte';

/** Say that something was done; `undo` is offered for as long as the message stands. */
export function say(text: string, undo?: () => void): void {
  toast(text, undo ? { action: { label: t('toast.undo'), onClick: undo }, duration: 8000 } : {});
}

/** Say why something was not done. */
export function complain(error: unknown): void {
  const known = asApiError(error);
  warn(known.isOffline ? t('error.offline') : known.message);
}

/** Say that something was not done; `details` are lines below that. */
export function warn(text: string, details: readonly string[] = []): void {
  toast.error(text, {
    ...(details.length > 0 ? { description: details.join('\n') } : {}),
    duration: 8000 + 3000 * details.length,
  });
}
