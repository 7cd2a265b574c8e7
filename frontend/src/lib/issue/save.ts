/** How the parts of an issue ask for a change; `undoable` offers to take it back. */

import type { Issue, IssueChange } from '$lib/api/types';

export type Save = (
  base: Issue,
  change: IssueChange,
  shown?: Partial<Issue>,
  undoable?: boolean,
) => Promise<boolean>;
