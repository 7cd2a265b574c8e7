import { expect, it } from 'vitest';
import { rowsAround, slotsFor, withRow } from './slots';

const inView = (startIndex: number, endIndex: number, count = 1000) => ({
  startIndex,
  endIndex,
  overscan: 2,
  count,
});
const shownBy = (slots: Map<number, number>) => Object.fromEntries(slots);

it('a row that stays keeps its element, one that comes takes that of one that left', () => {
  const before = slotsFor([0, 1, 2]);
  expect(shownBy(before)).toEqual({ 0: 0, 1: 1, 2: 2 });
  expect(shownBy(slotsFor([1, 2, 3], before))).toEqual({ 1: 1, 2: 2, 3: 0 });
});

it('a jump takes every element over, and makes only those that are missing', () => {
  const after = slotsFor([50, 51, 52], slotsFor([0, 1]));
  expect([...after.values()].sort()).toEqual([0, 1, 2]);
});

it('no element shows two rows, however one scrolls', () => {
  let slots = new Map<number, number>();
  for (const from of [0, 3, 200, 198, 0, 900, 899]) {
    slots = slotsFor(withRow(rowsAround(inView(from, from + 9), 0), 5), slots);
    expect(new Set(slots.values()).size).toBe(slots.size);
  }
});

it('there are rows around those in view, and no others than there are', () => {
  expect(rowsAround(inView(10, 12), 0)).toEqual([8, 9, 10, 11, 12, 13, 14]);
  expect(rowsAround(inView(0, 2, 4), 0)).toEqual([0, 1, 2, 3]);
  expect(rowsAround({ ...inView(0, 0), count: 0 }, 0)).toEqual([]);
});

it('as many rows stay in the page as there were, while there are as many', () => {
  expect(rowsAround(inView(10, 12), 9)).toHaveLength(9);
  expect(rowsAround(inView(0, 2, 4), 9)).toHaveLength(4);
});

it('the row that has the focus stays, and at its place among the others', () => {
  expect(withRow([8, 9, 10], 3)).toEqual([3, 8, 9, 10]);
  expect(withRow([8, 9, 10], 40)).toEqual([8, 9, 10, 40]);
  expect(withRow([8, 9, 10], 9)).toEqual([8, 9, 10]);
});
