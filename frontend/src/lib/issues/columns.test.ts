import { expect, it } from 'vitest';
import { shownColumns, usualColumns, withColumn } from './columns';

const names = (chosen: readonly string[]) => shownColumns(chosen).map(({ name }) => name);

it('columns stand in the order in which they were chosen', () => {
  expect(names(['due', 'title', 'key'])).toEqual(['due', 'title', 'key']);
});

it('the title is always there, and what is no column never', () => {
  expect(names(['key', 'due'])).toEqual(['key', 'title', 'due']);
  expect(names(['nonsense', 'due'])).toEqual(['title', 'due']);
  expect(names([''])).toEqual(['title']);
});

it('the same columns are the same array', () => {
  expect(shownColumns(['title', 'due'])).toBe(shownColumns(['title', 'due', 'nonsense']));
});

it('the usual columns are all but those that were hidden, and what was asked for', () => {
  expect(usualColumns([])).not.toContain('reporter');
  expect(usualColumns(['reporter', 'due'])).toContain('reporter');
  expect(usualColumns(['reporter', 'due'])).not.toContain('due');
});

it('one more column comes before those that usually follow it, and no column twice', () => {
  expect(withColumn(['key', 'title', 'updated'], 'due')).toEqual([
    'key',
    'title',
    'due',
    'updated',
  ]);
  expect(withColumn(['title'], 'updated')).toEqual(['title', 'updated']);
  expect(withColumn(['title', 'due'], 'due')).toEqual(['title', 'due']);
});
