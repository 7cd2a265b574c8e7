/**
 * What the page of numbers shows is in its address: the days and their pieces, the split, what is
 * compared with what, how each chart is shown, and which of them is enlarged. The filter and the
 * instant are there as on every page.
 */

import { isDay, shifted } from '$lib/rewind/moments';

export const RANGES = ['4w', '3m', '6m', '1y', '2y', '5y', 'all'] as const;
export type Range = (typeof RANGES)[number];
export const BUCKETS = ['day', 'week', 'month'] as const;
export type Bucket = (typeof BUCKETS)[number];
export const SPLITS = ['label', 'assignee', 'reporter', 'severity', 'project'] as const;
export type Split = (typeof SPLITS)[number];

export interface Span {
  from: string;
  to: string;
}

const DAYS: Record<Exclude<Range, 'all'>, number> = {
  '4w': 28,
  '3m': 91,
  '6m': 182,
  '1y': 364,
  '2y': 728,
  '5y': 1826,
};
/** The longest that is shown by days and by weeks, unless somebody asks for it. */
const MOST_DAYS = 45;
const MOST_WEEKS = 400;
/** What the API takes: so many buckets of a kind. */
const MOST_BUCKETS = 1000;
const LENGTHS: Record<Bucket, number> = { day: 1, week: 7, month: 31 };
const MS_A_DAY = 86_400_000;

const oneOf = <T extends string>(known: readonly T[], text: string | null): T | null =>
  known.find((one) => one === text) ?? null;

/** Return how many days a span has, the first and the last included. */
export const lengthOf = ({ from, to }: Span): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / MS_A_DAY) + 1;

/** Return the days before a span, as many. */
export function preceding(span: Span): Span {
  const length = lengthOf(span);
  return { from: shifted(span.from, -length), to: shifted(span.from, -1) };
}

/** Return the same days of the year before. */
export const aYearBefore = ({ from, to }: Span): Span => ({
  from: shifted(from, -364),
  to: shifted(to, -364),
});

/** Return the range that an address names; null where it names days of its own. */
export function rangeOf(query: URLSearchParams): Range | null {
  const named = oneOf(RANGES, query.get('range'));
  return named ?? (spanIn(query) ? null : '6m');
}

function spanIn(query: URLSearchParams): Span | null {
  const [from, to] = [query.get('from'), query.get('to')];
  return from && to && isDay(from) && isDay(to) && from <= to ? { from, to } : null;
}

/**
 * Return the days to show, up to `last`; `first` is the day of the first issue. They begin where a
 * piece does, so that the pieces add up to the whole.
 */
export function spanOf(query: URLSearchParams, last: string, first: string | null): Span {
  const own = rangeOf(query) === null ? spanIn(query) : null;
  const named = rangeOf(query) ?? '6m';
  const from = named === 'all' ? (first ?? shifted(last, -182)) : shifted(last, 1 - DAYS[named]);
  const span =
    own && own.from <= last
      ? { from: own.from, to: own.to < last ? own.to : last }
      : { from: from < last ? from : last, to: last };
  return { ...span, from: beginningOf(span.from, bucketOf(query, span)) };
}

/** Return the pieces that fit a span, or those that were asked for where they are not too many. */
export function bucketOf(query: URLSearchParams, span: Span): Bucket {
  const length = lengthOf(span);
  const asked = oneOf(BUCKETS, query.get('bucket'));
  if (asked && length < MOST_BUCKETS * LENGTHS[asked]) return asked;
  return length <= MOST_DAYS ? 'day' : length <= MOST_WEEKS ? 'week' : 'month';
}

/** Return the first day of the piece that a day lies in. Weeks begin on Monday. */
export function beginningOf(day: string, bucket: Bucket): string {
  if (bucket === 'month') return `${day.slice(0, 8)}01`;
  if (bucket === 'day') return day;
  const weekday = (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
  return shifted(day, -weekday);
}

/** Return by what everything is split. */
export const splitOf = (query: URLSearchParams): Split | null => oneOf(SPLITS, query.get('by'));

/** Return whether durations leave days off out. */
export const isBusiness = (query: URLSearchParams): boolean => query.get('calendar') === 'business';

/** Return the year of days up to one, both ends included. */
export const yearUpTo = (day: string): Span => ({ from: shifted(day, 1 - DAYS['1y']), to: day });

/** With what is compared: the period before, the year before, another one, or another instant. */
export type Against =
  | { kind: 'before' }
  | { kind: 'year' }
  | { kind: 'period'; span: Span }
  | { kind: 'at'; day: string };

/** Return what an address compares with: `before`, `year`, a day, or `a day..another`. */
export function againstOf(query: URLSearchParams): Against {
  const text = query.get('against') ?? '';
  if (text === 'year') return { kind: 'year' };
  if (isDay(text)) return { kind: 'at', day: text };
  const [from = '', to = ''] = text.split('..');
  if (isDay(from) && isDay(to) && from <= to) return { kind: 'period', span: { from, to } };
  return { kind: 'before' };
}

/** Return the parameters by which the API compares so. */
export function comparison(
  against: Against,
  span: Span,
): { compare_from: string; compare_to: string } | { compare_as_of: string } {
  if (against.kind === 'at') return { compare_as_of: against.day };
  const { from, to } =
    against.kind === 'period'
      ? against.span
      : against.kind === 'year'
        ? aYearBefore(span)
        : preceding(span);
  return { compare_from: from, compare_to: to };
}

/** Return how charts are shown that are not shown as by default: `lead-time:scatter`. */
export function viewsIn(query: URLSearchParams): Record<string, string> {
  const pairs = (query.get('views') ?? '').split(',').map((pair) => pair.split(':'));
  return Object.fromEntries(
    pairs.flatMap(([chart, view]) => (chart && view ? [[chart, view]] : [])),
  );
}

/** Return the text of `views` with one chart shown otherwise; null where nothing is left. */
export function withView(
  query: URLSearchParams,
  chart: string,
  view: string | null,
): string | null {
  const others = Object.entries(viewsIn(query)).filter(([name]) => name !== chart);
  const views = view === null ? others : [...others, [chart, view]];
  return views.map((pair) => pair.join(':')).join(',') || null;
}
