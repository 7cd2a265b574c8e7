import { describe, expect, it } from 'vitest';
import { shifted } from '$lib/rewind/moments';
import { daysBetween, PRESETS, scopesOf, stateOf } from './tokens';

describe('a token', () => {
  const now = new Date('2026-11-25T12:00:00Z');
  const later = '2026-11-25T12:00:01Z';

  it('is in force until the instant of its end', () => {
    expect(stateOf({ revoked_at: null, expires_at: later }, now)).toBe('in-force');
    expect(stateOf({ revoked_at: null, expires_at: '2026-11-25T12:00:00Z' }, now)).toBe('expired');
  });

  it('stays revoked after its end', () => {
    const revoked_at = '2026-11-01T00:00:00Z';
    expect(stateOf({ revoked_at, expires_at: later }, now)).toBe('revoked');
    expect(stateOf({ revoked_at, expires_at: '2026-11-02T00:00:00Z' }, now)).toBe('revoked');
  });

  it('is offered no scope that its owner could not give', () => {
    expect(scopesOf('maintainer')).toEqual(['read', 'write']);
    expect(scopesOf('admin')).toEqual(['read', 'write', 'admin']);
  });
});

describe('the end of a new token', () => {
  it('is as many days away as was chosen, over leap days and summer time', () => {
    for (const from of ['2028-02-28', '2026-03-28', '2026-10-24', '2026-12-31'])
      for (const days of PRESETS) expect(daysBetween(from, shifted(from, days))).toBe(days);
  });

  it('is no number of days where no day was chosen', () => {
    expect(daysBetween('2026-11-25', '')).toBeNaN();
  });
});
