// @vitest-environment jsdom
import { beforeEach, expect, it, vi } from 'vitest';
import { keys, queryClient } from '$lib/api/queries';
import { cameFrom, keepPlace, neighboursOf, remember } from './neighbours';

const page = (...issues: string[]) => ({ items: issues.map((key) => ({ key })) });
const list = keys.list('status:open', null);

beforeEach(() => {
  queryClient.clear();
  sessionStorage.clear();
  queryClient.setQueryData(list, { pages: [page('A-1', 'A-2'), page('A-3')], pageParams: [] });
  remember({ href: '/issues?q=status:open', lists: [list] });
});

it('the neighbours of an issue are those of the list one came from, over its pages', () => {
  expect(neighboursOf('A-2')).toEqual({ previous: 'A-1', next: 'A-3' });
  expect(neighboursOf('A-1')).toEqual({ previous: null, next: 'A-2' });
  expect(neighboursOf('A-3')).toEqual({ previous: 'A-2', next: null });
  expect(cameFrom()).toBe('/issues?q=status:open');
});

it('an issue that has no place there has no neighbours', () => {
  expect(neighboursOf('B-1')).toBeNull();
});

it('on a board the neighbours are those of the column', () => {
  const [open, done] = [keys.column('status:open', null), keys.column('status:done', null)];
  queryClient.setQueryData(open, { pages: [page('A-1')], pageParams: [] });
  queryClient.setQueryData(done, { pages: [page('A-8', 'A-9')], pageParams: [] });
  remember({ href: '/board', lists: [open, done] });
  expect(neighboursOf('A-8')).toEqual({ previous: null, next: 'A-9' });
  expect(neighboursOf('A-1')).toEqual({ previous: null, next: null });
});

it('the place of an issue outlives the page and the lists it had', async () => {
  keepPlace('A-2');
  vi.resetModules();
  const reloaded = await import('./neighbours');
  expect(reloaded.neighboursOf('A-2')).toEqual({ previous: 'A-1', next: 'A-3' });
  expect(reloaded.cameFrom()).toBe('/issues?q=status:open');
  expect(reloaded.neighboursOf('B-1')).toBeNull();
});
