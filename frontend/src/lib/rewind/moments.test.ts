import { describe, expect, it } from 'vitest';
import { dayIn, dayOf, fromFields, isDay, offered, quickDay, shifted, toFields } from './moments';

describe('the moments that are offered', () => {
  it('are ends of days', () => {
    expect(quickDay('yesterday', '2026-03-01')).toBe('2026-02-28');
    expect(quickDay('week', '2024-03-05')).toBe('2024-02-27');
  });

  it('are a day each', () => {
    expect(offered('2026-11-24')).toHaveLength(4);
    expect(offered('2026-12-01').map(({ quick }) => quick)).toEqual([
      'yesterday',
      'week',
      'quarter',
    ]);
    expect(offered('2026-10-01').map(({ quick }) => quick)).toEqual(['yesterday', 'week']);
  });

  it('end a month and a quarter with their last day', () => {
    expect(quickDay('month', '2026-11-24')).toBe('2026-10-31');
    expect(quickDay('quarter', '2026-11-24')).toBe('2026-09-30');
    expect(quickDay('quarter', '2026-01-01')).toBe('2025-12-31');
    expect(quickDay('month', '2026-03-31')).toBe('2026-02-28');
  });
});

describe('days', () => {
  it('are those of the time zone of the instance', () => {
    const instant = new Date('2026-11-24T23:30:00Z');
    expect(dayIn(instant, 'UTC')).toBe('2026-11-24');
    expect(dayIn(instant, 'Europe/Berlin')).toBe('2026-11-25');
    expect(dayIn(instant, 'America/New_York')).toBe('2026-11-24');
  });

  it('go on over the ends of months, years and summer time', () => {
    expect(shifted('2026-12-31', 1)).toBe('2027-01-01');
    expect(shifted('2026-03-28', 2)).toBe('2026-03-30');
  });

  it('are told from instants', () => {
    expect(isDay('2026-11-24')).toBe(true);
    expect(isDay('2026-11-24T12:00:00Z')).toBe(false);
    expect(dayOf('2026-11-24', 'Asia/Tokyo')).toBe('2026-11-24');
    expect(dayOf('2026-11-24T20:00:00Z', 'Asia/Tokyo')).toBe('2026-11-25');
    expect(dayOf('yesterday', 'UTC')).toBeNull();
    expect(dayOf('2026-13-45', 'UTC')).toBeNull();
    expect(dayOf('10000-01-01', 'UTC')).toBeNull();
  });

  it('are those of the calendar alone', () => {
    expect(isDay('2024-02-29')).toBe(true);
    expect(isDay('2026-02-30')).toBe(false);
    expect(isDay('2026-13-45')).toBe(false);
    expect(dayOf('2026-02-30', 'UTC')).toBeNull();
  });
});

describe('the fields for date and time', () => {
  it('hold the time of the browser, and give an instant', () => {
    const { date, time } = toFields('2026-07-01T12:34:00Z');
    expect(fromFields(date, time)).toBe('2026-07-01T12:34:00Z');
  });

  it('mean the whole day without a time', () => {
    expect(toFields('2026-07-01')).toEqual({ date: '2026-07-01', time: '' });
    expect(fromFields('2026-07-01', '')).toBe('2026-07-01');
  });

  it('give nothing while there is no date', () => {
    expect(fromFields('', '12:00')).toBeNull();
    expect(toFields('nonsense')).toEqual({ date: '', time: '' });
  });
});
