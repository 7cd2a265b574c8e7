import { describe, expect, it, vi } from 'vitest';
import type { Issue } from '$lib/api/types';

vi.stubGlobal('location', { origin: 'http://localhost' });
const { clashing } = await import('./change');

const issue = {
  key: 'WEB-1',
  title: 'Old',
  status: 'open',
  labels: ['a'],
  assignee: { id: 3, name: 'Ada' },
  version: 1,
} as Issue;

describe('two people who change one issue', () => {
  it('do not clash over different fields', () => {
    expect(clashing(issue, { ...issue, status: 'done' }, { title: 'Mine' })).toEqual([]);
  });

  it('clash over the same field', () => {
    expect(clashing(issue, { ...issue, title: 'Theirs' }, { title: 'Mine' })).toEqual(['title']);
  });

  it('do not clash where they agree', () => {
    const theirs = { ...issue, labels: ['a', 'b'], assignee: { id: 4, name: 'Bo' } };
    expect(clashing(issue, theirs, { labels: ['a', 'b'], assignee: 4 })).toEqual([]);
  });
});
