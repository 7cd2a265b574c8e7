import { describe, expect, it } from 'vitest';
import { nextWish } from './labels';
import {
  allLoaded,
  everything,
  extended,
  extentOf,
  NOTHING,
  retained,
  sizeOf,
  toggled,
} from './selection';

const KEYS = ['A-1', 'A-2', 'A-3', 'A-4', 'A-5'];
const rows = { count: KEYS.length, keyAt: (index: number) => KEYS[index] };
const chosen = (selection: { keys: ReadonlySet<string> }) => [...selection.keys].sort();

describe('a row', () => {
  it('is selected, and let go of', () => {
    const one = toggled(NOTHING, rows, 1);
    expect(chosen(one)).toEqual(['A-2']);
    expect(chosen(toggled(one, rows, 1))).toEqual([]);
  });

  it('that is not loaded stays out', () => {
    expect(toggled(NOTHING, rows, 9)).toBe(NOTHING);
  });
});

describe('a range', () => {
  it('goes from the row chosen last, down or up', () => {
    const from = toggled(NOTHING, rows, 2);
    expect(chosen(extended(from, rows, 4))).toEqual(['A-3', 'A-4', 'A-5']);
    expect(chosen(extended(from, rows, 0))).toEqual(['A-1', 'A-2', 'A-3']);
  });

  it('keeps its anchor, and what else is selected', () => {
    const two = extended(toggled(toggled(NOTHING, rows, 0), rows, 2), rows, 3);
    expect(two.anchor).toBe(2);
    expect(chosen(two)).toEqual(['A-1', 'A-3', 'A-4']);
  });

  it('without an anchor is one row', () => {
    expect(chosen(extended(NOTHING, rows, 3))).toEqual(['A-4']);
  });

  it('leaves out rows that are not loaded', () => {
    const gaps = { count: 5, keyAt: (index: number) => (index === 1 ? undefined : KEYS[index]) };
    expect(chosen(extended(toggled(NOTHING, gaps, 0), gaps, 2))).toEqual(['A-1', 'A-3']);
  });
});

describe('all', () => {
  it('that are loaded are as many as there are rows', () => {
    expect(sizeOf(allLoaded(rows), 2503)).toBe(5);
    expect(extentOf(allLoaded(rows), rows)).toBe('all');
    expect(extentOf(toggled(NOTHING, rows, 0), rows)).toBe('some');
    expect(chosen(allLoaded({ count: 0, keyAt: () => undefined }))).toEqual([]);
  });

  it('that fit the filter are as many as it finds, until one is let go of', () => {
    const all = everything(rows);
    expect(sizeOf(all, 120)).toBe(120);
    const fewer = toggled(all, rows, 0);
    expect(fewer.everything).toBe(false);
    expect(sizeOf(fewer, 120)).toBe(4);
  });
});

it('what has left the list is let go of', () => {
  const fewer = { count: 2, keyAt: (index: number) => KEYS[index] };
  expect(chosen(retained(extended(toggled(NOTHING, rows, 1), rows, 3), fewer))).toEqual(['A-2']);
  expect(sizeOf(retained(everything(rows), { count: 0, keyAt: () => undefined }), 9)).toBe(0);
});

describe('a label of many issues', () => {
  it('is added, removed, left alone', () => {
    expect(nextWish(undefined, false)).toBe('add');
    expect(nextWish('add', false)).toBe('remove');
    expect(nextWish('remove', false)).toBeUndefined();
  });

  it('that all have can only go', () => {
    expect(nextWish(undefined, true)).toBe('remove');
    expect(nextWish('remove', true)).toBeUndefined();
  });
});
