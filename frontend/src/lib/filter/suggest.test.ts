import { describe, expect, it } from 'vitest';
import { contextOf, quoted, suggestions, type Known } from './suggest';

const known: Known = {
  people: [
    { id: 1, name: 'Ada Okafor' },
    { id: 2, name: 'Bo' },
    { id: 3, name: 'bo' },
  ],
  labels: ['needs design', 'ui'],
  projects: ['APP', 'WEB'],
};
const drafts = (draft: string) => suggestions(draft, known).map((one) => one.draft);

describe('what is being typed', () => {
  it('is a name first, then a value, the last of several', () => {
    expect(contextOf('-sta')).toMatchObject({ head: '-', partial: 'sta', field: null });
    expect(contextOf('state:open,tr')).toMatchObject({
      head: 'state:open,',
      partial: 'tr',
      field: { name: 'status' },
    });
    expect(contextOf('label:"a, b')).toMatchObject({ head: 'label:', partial: '"a, b' });
  });
});

describe('suggestions', () => {
  it('are fields that begin so, and values that say their field', () => {
    expect(drafts('stat')).toEqual(['status:']);
    expect(drafts('-CRIT')).toEqual(['-severity:critical']);
    expect(drafts('"exact wo')).toEqual([]);
  });

  it('complete the last of several values', () => {
    expect(drafts('status:open,tr')).toEqual(['status:open,triaged']);
    expect(drafts('severity>=h')).toEqual(['severity>=high']);
  });

  it('write labels and people as the language reads them', () => {
    expect(drafts('label:need')).toEqual(['label:"needs design"']);
    expect(drafts('assignee:oka')).toEqual(['assignee:"Ada Okafor"']);
    expect(drafts('project:w')).toEqual(['project:WEB']);
  });

  it('name people by their id where several have the name', () => {
    expect(drafts('reporter:bo')).toEqual(['reporter:2', 'reporter:3']);
  });

  it('quote what would otherwise be read apart', () => {
    expect(quoted('plain-value')).toBe('plain-value');
    expect(quoted('say "hi", now')).toBe('"say \\"hi\\", now"');
  });
});
