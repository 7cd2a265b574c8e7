import { describe, expect, it } from 'vitest';
import { behindFlow, behindOpen, behindSeverity, behindStatus } from './behind';
import { firstDay, rangeOf, RANGES } from './ranges';

describe('the issues behind a number', () => {
  it('are those of the filter of the page, and of its instant', () => {
    expect(behindOpen('label:ui', '2026-01-31')).toEqual({
      q: 'label:ui is:open',
      asOf: '2026-01-31',
    });
    expect(behindSeverity('a OR b', null, 'none')).toEqual({
      q: '(a OR b) is:open severity:none',
      asOf: null,
    });
  });

  it('are those of the end of a day that is over', () => {
    const day = { day: '2026-01-31', so_far: false };
    expect(behindStatus('', null, day, 'done')).toEqual({ q: 'status:done', asOf: '2026-01-31' });
  });

  it('are those of the present, or of the instant, on the day under way', () => {
    const day = { day: '2026-01-31', so_far: true };
    expect(behindStatus('', null, day, 'done').asOf).toBeNull();
    const instant = '2026-01-31T12:00:00Z';
    expect(behindStatus('', instant, day, 'done').asOf).toBe(instant);
  });

  it('came or were done in a week, as known at the instant', () => {
    const week = { from: '2026-01-26', to: '2026-02-01' };
    expect(behindFlow('', null, week, 'created').q).toBe('created:2026-01-26..2026-02-01');
    expect(behindFlow('label:ui', '2026-03-01', week, 'resolved')).toEqual({
      q: 'label:ui closed:2026-01-26..2026-02-01',
      asOf: '2026-03-01',
    });
    const day = { from: '2026-01-26', to: '2026-01-26' };
    expect(behindFlow('', null, day, 'created').q).toBe('created:2026-01-26');
  });
});

describe('a range', () => {
  it('ends with the day one looks at', () => {
    expect(firstDay('4w', '2026-03-01')).toBe('2026-02-02');
    expect(firstDay('3m', '2026-11-24')).toBe('2026-09-01');
    expect(firstDay('5y', '2026-11-24')).toBe('2021-12-01');
    expect(firstDay('5y', '2026-01-31')).toBe('2021-02-01');
    expect(firstDay('5y', '2026-12-31')).toBe('2022-01-01');
  });

  it('is half a year unless the address says otherwise', () => {
    expect(rangeOf(null)).toBe('6m');
    expect(rangeOf('7w')).toBe('6m');
    expect(RANGES.map(rangeOf)).toEqual([...RANGES]);
  });
});
