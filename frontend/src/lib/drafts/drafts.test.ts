// @vitest-environment jsdom
import { beforeEach, expect, it } from 'vitest';
import { draftName, forgetOldDrafts, keepDraft, readDraft } from './drafts';

beforeEach(() => localStorage.clear());

it('a draft is there until it is given up', () => {
  keepDraft(1, 'comment:WEB-1', 'half a sen');
  expect(readDraft(1, 'comment:WEB-1')?.value).toBe('half a sen');
  keepDraft(1, 'comment:WEB-1', null);
  expect(readDraft(1, 'comment:WEB-1')).toBeNull();
});

it('belongs to one person', () => {
  keepDraft(1, 'comment:WEB-1', 'mine');
  expect(readDraft(2, 'comment:WEB-1')).toBeNull();
});

it('is forgotten after three months, and nothing else is', () => {
  localStorage.setItem('preferences', '{}');
  keepDraft(1, 'new', 'fresh');
  keepDraft(1, 'old', 'old');
  localStorage.setItem(draftName(1, 'old'), JSON.stringify({ value: 'old', at: 0 }));
  forgetOldDrafts();
  expect(readDraft(1, 'old')).toBeNull();
  expect(readDraft(1, 'new')?.value).toBe('fresh');
  expect(localStorage.getItem('preferences')).toBe('{}');
});
