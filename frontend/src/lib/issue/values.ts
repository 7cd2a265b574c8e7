/** The values that an issue can have, in their order. */

import type { Severity, Status } from '$lib/api/types';

export const STATUSES: readonly Status[] = ['open', 'triaged', 'in_progress', 'done'];
export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
export const RESOLUTIONS = ['fixed', 'duplicate', 'declined', 'invalid'] as const;
