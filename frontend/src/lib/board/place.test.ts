import { describe, expect, it } from 'vitest';
import type { IssueItem } from '$lib/api/types';
import { filterAt, mayGo } from './place';

describe('the filter of a place', () => {
  it('narrows what is asked for by status, and by severity in lanes', () => {
    expect(filterAt('', { status: 'open' })).toBe('status:open');
    expect(filterAt('label:ui', { status: 'done', severity: null })).toBe(
      'label:ui status:done severity:none',
    );
  });

  it('keeps alternatives together, and the order apart', () => {
    expect(filterAt('label:ui OR label:api sort:-created', { status: 'open' })).toBe(
      '(label:ui OR label:api) status:open sort:-created',
    );
    expect(filterAt('(a OR b) c', { status: 'open' })).toBe('(a OR b) c status:open');
  });
});

describe('an issue', () => {
  it('goes where its status can be followed by that of the place, and may stay where it is', () => {
    const done = { status: 'done' } as IssueItem;
    const canMove = (from: string, to: string) => from === 'done' && to === 'open';
    expect(mayGo(done, { status: 'in_progress' }, canMove)).toBe(false);
    expect(mayGo(done, { status: 'open' }, canMove)).toBe(true);
    expect(mayGo(done, { status: 'done', severity: 'low' }, canMove)).toBe(true);
  });
});
