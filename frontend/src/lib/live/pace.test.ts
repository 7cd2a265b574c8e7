import { expect, it } from 'vitest';
import { waitFor } from './pace';

it('waits longer each time, up to half a minute', () => {
  const waits = [1, 2, 3, 10].map((failures) => waitFor(failures, 1000, () => 1));
  expect(waits).toEqual([1000, 2000, 4000, 30_000]);
});

it('spreads those who come back over half of the wait', () => {
  expect(waitFor(1, 1000, () => 0)).toBe(500);
});
