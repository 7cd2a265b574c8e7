import { describe, expect, it } from 'vitest';
import { beginningOf, conditions, wantedBy } from './address';

const read = (text: string) => wantedBy(new URLSearchParams(text));

describe('what an address asks of the audit log', () => {
  it('is a kind, a person and days', () => {
    expect(read('kind=role&actor=7&from=2026-11-01&to=2026-11-30')).toEqual({
      kind: 'role',
      actor: 7,
      from: '2026-11-01',
      to: '2026-11-30',
    });
  });

  it('leaves out what makes no sense', () => {
    const nothing = { kind: null, actor: null, from: null, to: null };
    expect(read('kind=all&actor=ada&from=yesterday&to=2026-13-01')).toEqual(nothing);
    expect(read('actor=0')).toEqual(nothing);
  });

  it('goes to the API as instants, the last day included', () => {
    expect(conditions(read('kind=token&from=2026-11-01&to=2026-11-01'), 'UTC')).toEqual({
      kind: 'token',
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-11-02T00:00:00.000Z',
    });
    expect(conditions(read(''), 'UTC')).toEqual({});
  });
});

it('a day begins by the clocks of its zone, also where they change that day', () => {
  expect(beginningOf('2026-06-01', 'Europe/Berlin')).toBe('2026-05-31T22:00:00.000Z');
  expect(beginningOf('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
  expect(beginningOf('2026-03-30', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z');
  expect(beginningOf('2026-11-01', 'America/New_York')).toBe('2026-11-01T04:00:00.000Z');
  expect(beginningOf('2026-11-02', 'America/New_York')).toBe('2026-11-02T05:00:00.000Z');
});
