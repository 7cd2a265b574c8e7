/** What is being moved on the board: by the pointer or by the keys, and where it would go. */

import type { IssueItem } from '$lib/api/types';
import type { Place } from './place';

export interface Moving {
  issue: IssueItem;
  by: 'pointer' | 'keys';
  /** Where it would go now; null where nothing takes it. */
  over: Place | null;
}

export class MovingState {
  now = $state.raw<Moving | null>(null);

  begin(issue: IssueItem, by: Moving['by'], over: Place): void {
    this.now = { issue, by, over };
  }

  goTo(over: Place | null): void {
    if (this.now) this.now = { ...this.now, over };
  }

  end(): Moving | null {
    const last = this.now;
    this.now = null;
    return last;
  }
}
