import { beforeEach, expect, it } from 'vitest';
import { happened, sinceRead, wasRead } from './since.svelte';

const rows = (key: string) => key.startsWith('ROW');
beforeEach(() => wasRead('status:open'));

it('issues that came are counted, rows that left are marked, rows that changed are neither', () => {
  const fitting = new Set(['NEW-1', 'ROW-1']);
  happened('status:open', ['NEW-1', 'ROW-1', 'ROW-2', 'ELSE-1'], (key) => fitting.has(key), rows);
  expect([...sinceRead('status:open').fresh]).toEqual(['NEW-1']);
  expect([...sinceRead('status:open').left]).toEqual(['ROW-2']);
});

it('what comes and leaves again has not happened', () => {
  happened('status:open', ['NEW-1', 'ROW-1'], (key) => key === 'NEW-1', rows);
  happened('status:open', ['NEW-1', 'ROW-1'], (key) => key === 'ROW-1', rows);
  expect(sinceRead('status:open').fresh.size).toBe(0);
  expect(sinceRead('status:open').left.size).toBe(0);
});

it('a list that is read anew holds everything', () => {
  happened('status:open', ['NEW-1'], () => true, rows);
  wasRead('status:open');
  expect(sinceRead('status:open').fresh.size).toBe(0);
});
