import { describe, expect, it } from 'vitest';
import {
  endOfTermAt,
  narrowed,
  sortOf,
  terms,
  unitsBefore,
  withSort,
  without,
  ordered,
} from './terms';

const read = (text: string) => terms(text).map(({ start, end }) => text.slice(start, end));

describe('the terms of a filter', () => {
  it('are its fields, words, phrases, groups and alternatives', () => {
    expect(read('status:open,triaged -label:"won\'t fix" (a OR "b c") severity>=high')).toEqual([
      'status:open,triaged',
      '-label:"won\'t fix"',
      '(',
      'a',
      'OR',
      '"b c"',
      ')',
      'severity>=high',
    ]);
  });

  it('name field, operator and value', () => {
    expect(terms('-created:>=2026-01-01')[0]).toMatchObject({
      negated: true,
      field: 'created',
      operator: ':>=',
      value: '2026-01-01',
    });
  });

  it('can be unfinished', () => {
    expect(read('status: "not closed')).toEqual(['status:', '"not closed']);
    expect(read(') " \\')).toHaveLength(3);
  });
});

describe('the sort of a filter', () => {
  it('is the newest change first unless it says otherwise', () => {
    expect(sortOf('status:open')).toEqual({ by: 'updated', descending: true });
    expect(sortOf('sort:-severity,created')).toEqual({ by: 'severity', descending: true });
  });

  it('is replaced without touching the rest', () => {
    expect(withSort('a sort:key  b', { by: 'due', descending: false })).toBe('a b sort:due');
    expect(withSort('a sort:key', { by: 'updated', descending: true })).toBe('a');
  });
});

describe('places in a text', () => {
  it('are counted by characters there and by units here', () => {
    expect(unitsBefore('🐛 x:1', 2)).toBe(3);
    expect(endOfTermAt('ab statsu:open', 3)).toBe(14);
  });
});

it('a term is taken out with its space', () => {
  expect(without('a label:x b', ({ field }) => field === 'label')).toBe('a b');
});

it('a filter is narrowed to some issues, whatever it says and however it sorts', () => {
  expect(narrowed('', ['A-1'])).toBe('key:A-1');
  expect(narrowed('status:open sort:-created', ['A-1', 'B-2'])).toBe('status:open key:A-1,B-2');
  expect(narrowed('label:a OR label:b', ['A-1'])).toBe('(label:a OR label:b) key:A-1');
});

it('a filter takes another order, also where it is an alternative', () => {
  const newest = { by: 'created', descending: true };
  expect(ordered('', newest)).toBe('sort:-created');
  expect(ordered('a OR b sort:severity', newest)).toBe('(a OR b) sort:-created');
});
