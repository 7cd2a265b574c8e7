import { describe, expect, it } from 'vitest';
import type { Insight } from '$lib/api/types';
import { amount, difference, lengthText, lengthTicks, powerTicks } from './amounts';
import { moveOf, within } from './arrows';
import { CHARTS, hasWorkingDays, splitFor, viewOf } from './charts';
import { daysOffText } from './calendar';
import { csvOf } from './csv';
import { agingOf, dotsOf, hasStretchedAxis, modelOf, placeAmong, shown, type Words } from './model';
import { apart, roundPlaces } from './ticks';

const WORDS: Words = {
  href: ({ q, as_of }) => `${q} @ ${as_of}`,
  measure: (name) => name,
  group: (name) => `the group ${name}`,
  place: ({ at }) => ({ label: at, tick: at }),
};
type Series = Insight['series'][number];
const AS_OF = '2026-01-31T00:00:00Z';

function insight(series: Partial<Series>[], more: Partial<Insight> = {}): Insight {
  return {
    metric: 'created-resolved',
    title: '',
    definition: '',
    unit: 'issues',
    q: '',
    as_of: AS_OF,
    time_zone: 'UTC',
    from: '2026-01-01',
    to: '2026-01-31',
    bucket: 'week',
    by: null,
    calendar: 'all',
    considered: 3,
    computed_at: AS_OF,
    ...more,
    series: series.map((one) => ({
      name: one.measure ?? '',
      measure: null,
      group: null,
      unit: 'issues',
      points: [],
      ...one,
    })),
  };
}
const open = { q: 'created:2026-01-05..2026-01-11', as_of: AS_OF };
const point = (at: string, value: number | null, more: object = {}) => ({
  at,
  value,
  open,
  ...more,
});
const chart = (id: string) => CHARTS.find((one) => one.id === id) as (typeof CHARTS)[number];

describe('a chart', () => {
  const both = insight([
    { measure: 'net', points: [point('2026-01-05', 1)] },
    { measure: 'resolved', points: [point('2026-01-05', 2, { to: '2026-01-11' })] },
    { measure: 'created', points: [point('2026-01-05', 3, { to: '2026-01-11', so_far: true })] },
  ]);

  it('has the measures of its view, in their order, and each number its link', () => {
    const view = viewOf(chart('created-resolved'), undefined);
    const { lines, places } = modelOf(both, view, null, WORDS);
    expect(lines.map(({ name }) => name)).toEqual(['created', 'resolved']);
    expect(places).toHaveLength(1);
    expect(places[0]?.days).toEqual({ from: '2026-01-05', to: '2026-01-11' });
    expect(places[0]?.values.created).toEqual({
      value: 3,
      href: `${open.q} @ ${AS_OF}`,
      soFar: true,
    });
  });

  it('shows one measure of each group where it is split', () => {
    const split = insight([
      { name: 'ui: created', measure: 'created', group: 'ui' },
      { name: 'ui: resolved', measure: 'resolved', group: 'ui' },
      { name: 'api: created', measure: 'created', group: 'api' },
    ]);
    const view = viewOf(chart('created-resolved'), 'both');
    expect(shown(split, view, 'created').map(({ name }) => name)).toEqual([
      'ui: created',
      'api: created',
    ]);
    const { lines } = modelOf(split, view, 'created', WORDS);
    expect(lines.map(({ label }) => label)).toEqual(['the group ui', 'the group api']);
    expect(lines[0]?.edge).not.toBe(lines[1]?.edge);
    expect(splitFor(['label'], 'label')).toBe('label');
    expect(splitFor(['label'], 'severity')).toBeNull();
  });

  it('has the limits of its series, and the medians where they lie', () => {
    const limited = insight([{ measure: 'created', points: [point('2026-01-05', 3)] }], {
      limits: [
        {
          series: 'created',
          values: 12,
          mean: 3,
          moving_range: 1,
          lower: null,
          upper: 5.66,
          says: null,
        },
      ],
    });
    const { marks } = modelOf(limited, viewOf(chart('signals'), 'created'), null, WORDS);
    expect(marks.map(({ label, value }) => [label, value])).toEqual([
      ['limit upper', 5.66],
      ['limit mean', 3],
    ]);
    const curve = insight([
      {
        measure: 'unfinished',
        points: [point('0d', 1, { after: 0 }), point('7d', 0.4, { after: 100 })],
      },
      { measure: 'median', points: [point('median', 50)] },
      { measure: 'naive median', points: [point('median', null)] },
    ]);
    const { uprights } = modelOf(curve, viewOf(chart('survival'), undefined), null, WORDS);
    expect(uprights).toEqual([{ label: 'short median', at: 0.5 }]);
  });

  it('of issues has a dot for each, from left to right', () => {
    const { dots } = dotsOf(
      insight([
        {
          measure: 'lead',
          points: [
            point('2026-01-09T00:00:00Z', 60, { issue: 'WEB-2' }),
            point('2026-01-08T00:00:00Z', 90, { issue: 'WEB-1' }),
          ],
        },
      ]),
      WORDS,
    );
    expect(dots.map(({ issue, value }) => [issue, value])).toEqual([
      ['WEB-1', 90],
      ['WEB-2', 60],
    ]);
  });

  it('of aging work has a column for each status, and its dots within it', () => {
    const { columns, dots, marks } = agingOf(
      insight([
        { name: 'triaged: p50', measure: 'p50', group: 'triaged', points: [point('x', 10)] },
        { name: 'open: p50', measure: 'p50', group: 'open', points: [point('x', null)] },
        {
          name: 'triaged: issues',
          measure: 'issues',
          group: 'triaged',
          points: [point('..p50', 2), point('p95..', 1)],
        },
        {
          name: 'triaged: age',
          measure: 'age',
          group: 'triaged',
          points: [point('2026-01-09T00:00:00Z', 60, { issue: 'WEB-2' })],
        },
      ]),
      WORDS,
    );
    expect(columns.map(({ name, total }) => [name, total])).toEqual([
      ['open', 0],
      ['triaged', 3],
      ['in_progress', 0],
    ]);
    expect(dots).toHaveLength(1);
    expect(dots[0]?.across).toBeGreaterThan(1);
    expect(dots[0]?.across).toBeLessThan(2);
    expect(marks).toEqual([{ label: 'p50', value: 10, href: `${open.q} @ ${AS_OF}`, column: 1 }]);
  });
});

describe('numbers', () => {
  it('of seconds are said in the unit that fits', () => {
    expect(lengthText(0, 'en')).toBe('0 days');
    expect(lengthText(90, 'en')).toBe('1.5 minutes');
    expect(lengthText(36_000, 'en')).toBe('10 hours');
    expect(lengthText(86_400 * 4.25, 'de')).toBe('4,3 Tage');
    expect(lengthText(86_400 * 1500, 'en', 'narrow')).toBe('4.1y');
  });

  it('have a dash where there is none, and a sign where they differ', () => {
    expect(amount(null, 'issues', 'en')).toBe('–');
    expect(amount(0.125, 'ratio', 'en')).toBe('12.5%');
    expect(amount(12345, 'issues', 'de')).toBe('12.345');
    expect(difference(-3, 'issues', 'en')).toBe('−3');
    expect(difference(86_400 * 3, 'seconds', 'en')).toBe('+3 days');
  });

  it('on an axis stand at round lengths of time', () => {
    expect(lengthTicks(0, 86_400 * 10, 5)).toEqual(
      [0, 2, 4, 6, 8, 10].map((days) => days * 86_400),
    );
    expect(powerTicks(60, 86_400)).toEqual([60, 3_600, 21_600, 86_400]);
    expect(lengthTicks(0, 1e12, 5).length).toBeLessThanOrEqual(6);
  });
});

describe('the numbers as CSV', () => {
  it('are one a line, exact, with the filter that opens them', () => {
    const found = insight([
      {
        name: '=cmd',
        measure: 'created',
        points: [point('2026-01-05', 1 / 3, { to: '2026-01-11' })],
      },
    ]);
    const [head, row, rest] = csvOf(found, found.series).split('\r\n');
    expect(head).toBe(
      'metric,series,at,to,so_far,value,unit,lower,upper,issues,running,after,issue,signals,q,as_of',
    );
    expect(row).toBe(
      `created-resolved,'=cmd,2026-01-05,2026-01-11,,0.3333333333333333,issues,,,,,,,,${open.q},${AS_OF}`,
    );
    expect(rest).toBe('');
  });
});

it('the arrow keys go on to what there is', () => {
  const press = (key: string, more: object = {}) => moveOf({ key, ...more } as KeyboardEvent);
  expect(press('ArrowLeft')).toEqual([-1, 0]);
  expect(press('ArrowLeft', { altKey: true })).toBeNull();
  expect(press('a')).toBeNull();
  expect(within(-1, 3)).toBe(0);
  expect(within(7, 3)).toBe(2);
});

describe('working days', () => {
  it('are of metrics with durations, but of no distribution: a filter counts all time', () => {
    expect(hasWorkingDays(['all', 'business'])).toBe(true);
    expect(hasWorkingDays(['all', 'business'], 'histogram')).toBe(false);
    expect(hasWorkingDays(['all'])).toBe(false);
    expect(hasWorkingDays(undefined)).toBe(false);
  });

  it('are said by what is left out: days of the week, and how many dates', () => {
    expect(daysOffText(['sun', 'sat'], 'en')).toBe('Saturday and Sunday');
    expect(daysOffText(['fri', '2026-12-25', '2026-12-26'], 'en')).toBe('Friday and 2 dates');
    expect(daysOffText([], 'en')).toContain('none');
  });
});

describe('a curve whose steps grow', () => {
  const HOUR = 3_600;
  const lengths = [0, 1, 2, 4, 8, 24, 48, 96, 168, 336, 672].map((hours) => hours * HOUR);
  const curve = insight([
    { measure: 'unfinished', points: lengths.map((after) => point(`${after}s`, 0.5, { after })) },
    { measure: 'median', points: [point('median', 36 * HOUR)] },
    { measure: 'naive median', points: [point('median', 5 * HOUR)] },
  ]);

  it('has its medians between the places where they lie, not where even steps would have them', () => {
    const { uprights, lengths: stretched } = modelOf(
      curve,
      viewOf(chart('survival'), undefined),
      null,
      WORDS,
    );
    expect(uprights.map(({ at }) => at)).toEqual([5.5, 3.25]);
    expect(stretched).toEqual(lengths);
    expect(hasStretchedAxis(curve)).toBe(true);
    expect(placeAmong(lengths, 700 * HOUR)).toBeNull();
    expect(placeAmong(lengths, 0)).toBe(0);
  });

  it('is marked at round lengths, so far apart that none stands on another', () => {
    const at = (apart: number) => roundPlaces(lengths, apart).map((place) => lengths[place]);
    expect(at(2)).toEqual([HOUR, 24 * HOUR, 168 * HOUR, 672 * HOUR]);
    expect(at(4)).toEqual([HOUR, 24 * HOUR, 672 * HOUR]);
    expect(at(9)).toEqual([24 * HOUR]);
  });

  it('says nothing of its axis where steps are even', () => {
    const even = insight([
      {
        measure: 'unfinished',
        points: [0, 1, 2, 3].map((n) => point(`${n}`, 1, { after: n * 60 })),
      },
    ]);
    expect(hasStretchedAxis(even)).toBe(false);
    expect(
      modelOf(even, viewOf(chart('survival'), undefined), null, WORDS).lengths,
    ).toBeUndefined();
  });
});

it('the marks of an axis of powers stand apart, in whatever room there is', () => {
  const ticks = powerTicks(60, 364 * 86_400);
  expect(apart(ticks, 60, 364 * 86_400, 400)).toEqual(ticks);
  const few = apart(ticks, 60, 364 * 86_400, 58);
  expect(few.length).toBeLessThan(ticks.length);
  expect(few[0]).toBe(60);
});
