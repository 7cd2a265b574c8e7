/** How the parts of an issue ask for a change; `undoable` offers to take it back. */

import type { Issue, IssueChange } from '$lib/api/types';

/** `again`: the other version was seen, and one goes on typing; `failed`: nothing has changed. */
export type Outcome = 'settled' | 'again' | 'failed';

export type Save = (
  base: Issue,
  change: IssueChange,
  shown?: Partial<Issue>,
  undoable?: boolean,
) => Promise<Outcome>;
