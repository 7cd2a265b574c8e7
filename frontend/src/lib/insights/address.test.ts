import { describe, expect, it } from 'vitest';
import {
  againstOf,
  beginningOf,
  bucketOf,
  comparison,
  isBusiness,
  lengthOf,
  preceding,
  rangeOf,
  spanOf,
  viewsIn,
  withView,
  yearUpTo,
} from './address';

const query = (text: string) => new URLSearchParams(text);

describe('the days of the page', () => {
  it('are half a year up to the day one looks at, unless the address says otherwise', () => {
    expect(rangeOf(query(''))).toBe('6m');
    expect(rangeOf(query('range=7w'))).toBe('6m');
    expect(rangeOf(query('range=4w'))).toBe('4w');
    expect(spanOf(query('range=4w'), '2026-03-01', null)).toEqual({
      from: '2026-02-02',
      to: '2026-03-01',
    });
  });

  it('begin with a whole week or month, so that the columns add up to the whole', () => {
    const half = spanOf(query(''), '2026-11-25', null);
    expect(half).toEqual({ from: '2026-05-25', to: '2026-11-25' });
    expect(spanOf(query('range=5y'), '2026-11-25', null).from).toBe('2021-11-01');
    expect(beginningOf('2026-03-01', 'week')).toBe('2026-02-23');
    expect(beginningOf('2026-02-23', 'week')).toBe('2026-02-23');
  });

  it('can be any, but none after the one that one looks at', () => {
    const own = query('from=2026-01-05&to=2026-01-20');
    expect(rangeOf(own)).toBeNull();
    expect(spanOf(own, '2026-11-25', null)).toEqual({ from: '2026-01-05', to: '2026-01-20' });
    expect(spanOf(own, '2026-01-10', null).to).toBe('2026-01-10');
    expect(spanOf(own, '2025-12-31', null).to).toBe('2025-12-31');
    expect(rangeOf(query('from=2026-02-01&to=2026-01-20'))).toBe('6m');
    expect(rangeOf(query('from=2026-02-30&to=2026-03-40'))).toBe('6m');
  });

  it('reach back to the first issue', () => {
    expect(spanOf(query('range=all'), '2026-11-25', '2018-02-14').from).toBe('2018-02-01');
    expect(spanOf(query('range=all'), '2026-11-25', '2026-11-25').from).toBe('2026-11-25');
  });

  it('are cut into pieces that make a chart, or as was asked where that is possible', () => {
    expect(bucketOf(query(''), { from: '2026-11-01', to: '2026-11-25' })).toBe('day');
    expect(bucketOf(query(''), { from: '2026-01-01', to: '2026-11-25' })).toBe('week');
    expect(bucketOf(query(''), { from: '2018-01-01', to: '2026-11-25' })).toBe('month');
    expect(bucketOf(query('bucket=day'), { from: '2026-01-01', to: '2026-11-25' })).toBe('day');
    expect(bucketOf(query('bucket=day'), { from: '2018-01-01', to: '2026-11-25' })).toBe('month');
  });
});

describe('what is compared with', () => {
  const span = { from: '2026-03-01', to: '2026-03-31' };
  it('is the period before, as long', () => {
    expect(lengthOf(span)).toBe(31);
    expect(preceding(span)).toEqual({ from: '2026-01-29', to: '2026-02-28' });
    expect(comparison(againstOf(query('')), span)).toEqual({
      compare_from: '2026-01-29',
      compare_to: '2026-02-28',
    });
  });

  it('or the year before, a period, an instant', () => {
    expect(comparison(againstOf(query('against=year')), span)).toEqual({
      compare_from: '2025-03-02',
      compare_to: '2025-04-01',
    });
    expect(comparison(againstOf(query('against=2026-01-31')), span)).toEqual({
      compare_as_of: '2026-01-31',
    });
    expect(comparison(againstOf(query('against=2025-01-01..2025-12-31')), span)).toEqual({
      compare_from: '2025-01-01',
      compare_to: '2025-12-31',
    });
    expect(againstOf(query('against=nonsense')).kind).toBe('before');
    expect(againstOf(query('against=2026-13-45')).kind).toBe('before');
  });
});

it('how charts are shown is kept for each of them', () => {
  const both = query('views=lead-time:scatter,survival:outcomes');
  expect(viewsIn(both)).toEqual({ 'lead-time': 'scatter', survival: 'outcomes' });
  expect(withView(both, 'lead-time', null)).toBe('survival:outcomes');
  expect(withView(query(''), 'lead-time', 'histogram')).toBe('lead-time:histogram');
  expect(withView(query('views=a:b'), 'a', null)).toBeNull();
});

describe('the calendar of the page', () => {
  it('is that of all days, unless the address asks for working days', () => {
    expect(isBusiness(query(''))).toBe(false);
    expect(isBusiness(query('calendar=nonsense'))).toBe(false);
    expect(isBusiness(query('calendar=business'))).toBe(true);
  });
});

it('the year up to a day has as many days as the range of a year', () => {
  const year = yearUpTo('2021-09-30');
  expect(year.to).toBe('2021-09-30');
  expect(lengthOf(year)).toBe(364);
});
