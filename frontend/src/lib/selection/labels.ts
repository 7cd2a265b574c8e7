/** What is to happen to a label of many issues. */

export type LabelWish = 'add' | 'remove';

/** Return what pressing a label asks for next: add, remove, leave alone; first what makes sense. */
export function nextWish(now: LabelWish | undefined, onAll: boolean): LabelWish | undefined {
  const order: (LabelWish | undefined)[] = onAll
    ? [undefined, 'remove']
    : [undefined, 'add', 'remove'];
  return order[(order.indexOf(now) + 1) % order.length];
}
