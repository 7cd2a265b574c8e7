/** What a chart shows, made of an answer of the API. Every number of it is a link. */

import type { Insight, InsightPoint } from '$lib/api/types';
import type { Unit } from './amounts';
import type { View } from './charts';

export interface Value {
  value: number | null;
  href: string;
  lower?: number;
  upper?: number;
  /** How many issues it is made of, where it is no count itself. */
  issues?: number;
  /** The part that comes from what is not over yet. */
  running?: number;
  marked?: string[];
  /** The issue that a dot is. */
  issue?: string;
  soFar: boolean;
}

export interface Line {
  name: string;
  label: string;
  /** CSS colours of the area and of its edge. */
  fill: string;
  edge: string;
  dash?: string;
}

export interface Place {
  /** Unique. */
  id: string;
  /** In full, and short enough for the axis. */
  label: string;
  tick: string;
  /** The days that it stands for, where it does. */
  days?: { from: string; to: string };
  values: Record<string, Value>;
}

export interface Dot extends Value {
  value: number;
  issue: string;
  line: string;
  /** Where it stands from left to right: an instant, or the number of a column and a bit. */
  across: number;
  label: string;
}

/** A line across: a percentile, a limit, the mean. */
export interface Mark {
  label: string;
  value: number;
  href?: string;
  dash?: string;
  /** In which column, where not in all of them. */
  column?: number;
}

export interface Model {
  unit: Unit;
  lines: Line[];
  places: Place[];
  marks: Mark[];
  /** Lines upright, at so many places from the left: medians. */
  uprights: { label: string; at: number; dash?: string }[];
  /** How many seconds each place stands for, where they are not as far apart from each other. */
  lengths?: number[];
}

/** How things are called and where links lead: not for this module to know. */
export interface Words {
  href: (open: InsightPoint['open']) => string;
  /** Of a measure, or of a group of a split. */
  measure: (name: string) => string;
  group: (name: string) => string;
  place: (point: InsightPoint) => { label: string; tick: string };
}

const HUES = 12;
const tint = (share: number) => `color-mix(in oklab, var(--accent) ${share}%, var(--surface))`;
const solid = (colour: string) => ({ fill: colour, edge: colour });
const quiet = {
  fill: 'color-mix(in oklab, var(--quiet) 16%, var(--surface))',
  edge: 'var(--quiet)',
};

const LOOKS: Record<string, Omit<Line, 'name' | 'label'>> = {
  open: { fill: tint(28), edge: 'var(--accent)' },
  triaged: { fill: tint(52), edge: 'var(--accent)' },
  in_progress: { fill: tint(78), edge: 'var(--accent)' },
  created: quiet,
  finished: quiet,
  p85: { ...solid(`color-mix(in oklab, var(--accent) 55%, var(--ink))`), dash: '5 3' },
  p95: { ...solid('var(--quiet)'), dash: '1.5 3' },
  fixed: { ...solid('var(--low)'), dash: '5 3' },
  'set aside': { ...solid('var(--quiet)'), dash: '1.5 3' },
  ...Object.fromEntries(
    ['open', 'arriving'].flatMap((kind) => [
      ...['low', 'medium', 'high', 'critical'].map((severity) => [
        `${kind} ${severity}`,
        {
          fill: `color-mix(in oklab, var(--${severity}) 78%, var(--surface))`,
          edge: `var(--${severity})`,
        },
      ]),
      [`${kind} none`, quiet],
    ]),
  ),
};
const DASHES = [undefined, '6 3', '2 3', '8 3 2 3'];

/** Return how the numbers of a measure look, or of one of several groups. */
export function look(measure: string, group: number | null): Omit<Line, 'name' | 'label'> {
  if (group === null) return LOOKS[measure] ?? solid('var(--accent)');
  // As light as the accent, round the circle of hues: three steps on, so that neighbours differ.
  const turn = ((group * 5) % HUES) * (360 / HUES);
  const colour = `oklch(from var(--accent) l max(c, 0.09) calc(h + ${turn}))`;
  const dash = DASHES[Math.floor(group / 3) % DASHES.length];
  return { ...solid(colour), ...(dash ? { dash } : {}) };
}

const unitOf = (unit: Insight['unit'], measure: string): Unit =>
  measure === 'bmi' ? 'index' : unit;

function valueOf(point: InsightPoint, words: Words): Value {
  const value: Value = {
    value: point.value,
    href: words.href(point.open),
    soFar: point.so_far ?? false,
  };
  for (const name of ['lower', 'upper', 'issues', 'running'] as const) {
    const given = point[name];
    if (given !== null && given !== undefined) value[name] = given;
  }
  if (point.signals?.length) value.marked = point.signals;
  if (point.issue) value.issue = point.issue;
  return value;
}

type Series = Insight['series'][number];

/** Return the series that a view shows: its measures, or one measure of each group. */
export function shown(insight: Insight, view: View, measure: string | null): Series[] {
  const isSplit = insight.series.some(({ group }) => group !== null);
  const nameOf = (series: Series) => series.measure ?? series.name;
  if (view.measures.length === 0) return insight.series;
  if (isSplit) {
    const wanted = measure ?? view.measures[0];
    return insight.series.filter((series) => nameOf(series) === wanted);
  }
  return view.measures.flatMap((name) =>
    insight.series.filter((series) => nameOf(series) === name),
  );
}

const lengthsOf = (series: Series | undefined): number[] =>
  series?.points.flatMap(({ after }) => (typeof after === 'number' ? [after] : [])) ?? [];

/** Whether short times have more room than long ones. */
const isStretched = (lengths: readonly number[]): boolean =>
  lengths.length > 2 && (lengths.at(-1) ?? 0) > (lengths[1] ?? 0) * (lengths.length - 1) * 1.01;

/** Whether the curve of an answer is drawn on an axis on which short times have more room. */
export const hasStretchedAxis = (insight: Insight): boolean =>
  isStretched(lengthsOf(insight.series[0]));

/** Return between which places a length lies: 1.5 is in the middle of the second and the third. */
export function placeAmong(lengths: readonly number[], value: number): number | null {
  const after = lengths.findIndex((length) => length >= value);
  const [low, high] = [lengths[after - 1], lengths[after]];
  if (high === undefined) return null;
  return low === undefined ? 0 : after - 1 + (value - low) / (high - low);
}

/** Return the numbers of a view, place by place. */
export function modelOf(insight: Insight, view: View, measure: string | null, words: Words): Model {
  const series = shown(insight, view, measure);
  const isSplit = series.some(({ group }) => group !== null);
  const lines = series.map((one, place): Line => ({
    name: one.name,
    label: isSplit ? words.group(one.group ?? one.name) : words.measure(one.measure ?? one.name),
    ...look(one.measure ?? one.name, isSplit ? place : null),
  }));
  const places = new Map<string, Place>();
  for (const one of series)
    for (const point of one.points) {
      let place = places.get(point.at);
      if (!place) {
        place = { id: point.at, ...words.place(point), values: {} };
        if (point.to) place.days = { from: point.at, to: point.to };
        places.set(point.at, place);
      }
      place.values[one.name] = valueOf(point, words);
    }
  const limits = insight.limits?.find((one) => one.series === series[0]?.name);
  const marks: Mark[] = [];
  if (view.kind === 'limits' && limits) {
    for (const [name, dash] of [
      ['upper', '5 3'],
      ['mean', undefined],
      ['lower', '5 3'],
    ] as const) {
      const value = limits[name];
      if (value !== null)
        marks.push({ label: words.measure(`limit ${name}`), value, ...(dash ? { dash } : {}) });
    }
  }
  const lengths = lengthsOf(series[0]);
  const uprights =
    view.kind !== 'curve' || isSplit
      ? []
      : (['median', 'naive median'] as const).flatMap((name) => {
          const value = insight.series.find((one) => one.measure === name)?.points[0]?.value;
          const at = typeof value === 'number' ? placeAmong(lengths, value) : null;
          const dash = name === 'median' ? {} : { dash: '3 3' };
          return at === null ? [] : [{ label: words.measure(`short ${name}`), at, ...dash }];
        });
  return {
    uprights,
    ...(view.kind === 'curve' && isStretched(lengths) ? { lengths } : {}),
    unit: unitOf(series[0]?.unit ?? insight.unit, series[0]?.measure ?? ''),
    lines,
    places: [...places.values()],
    marks,
  };
}

/** Return the dots of a scatter: each an issue, at the instant of its end. */
export function dotsOf(insight: Insight, words: Words): { lines: Line[]; dots: Dot[] } {
  const isSplit = insight.series.some(({ group }) => group !== null);
  const lines = insight.series.map((one, place): Line => ({
    name: one.name,
    label: isSplit ? words.group(one.group ?? one.name) : words.measure('issue'),
    ...look(one.name, isSplit ? place : null),
  }));
  const dots = insight.series.flatMap((one) =>
    one.points.flatMap((point): Dot[] =>
      point.value === null || !point.issue
        ? []
        : [
            {
              ...valueOf(point, words),
              value: point.value,
              issue: point.issue,
              line: one.name,
              across: Date.parse(point.at),
              label: words.place(point).label,
            },
          ],
    ),
  );
  return { lines, dots: dots.sort((one, other) => one.across - other.across) };
}

/** Return a number from 0 to 1 that has nothing to do with anything, and is the same each time. */
function scattered(text: string): number {
  let hash = 2166136261;
  for (let place = 0; place < text.length; place++)
    hash = Math.imul(hash ^ text.charCodeAt(place), 16777619);
  return ((hash >>> 0) % 1000) / 1000;
}

export interface Aging {
  columns: { name: string; label: string; bands: (Value & { label: string })[]; total: number }[];
  dots: Dot[];
  marks: Mark[];
}

/** Return what is open, by status, beside the percentiles of what was finished. */
export function agingOf(insight: Insight, words: Words): Aging {
  const names = ['open', 'triaged', 'in_progress'];
  const of = (status: string, measure: string) =>
    insight.series.find((one) => one.group === status && one.measure === measure)?.points ?? [];
  return {
    columns: names.map((name) => {
      const bands = of(name, 'issues').map((point) => ({
        ...valueOf(point, words),
        label: words.measure(`band ${point.at}`),
      }));
      return {
        name,
        label: words.measure(name),
        bands,
        total: bands.reduce((sum, { value }) => sum + (value ?? 0), 0),
      };
    }),
    dots: names.flatMap((name, column) =>
      of(name, 'age').flatMap((point): Dot[] =>
        point.value === null || !point.issue
          ? []
          : [
              {
                ...valueOf(point, words),
                value: point.value,
                issue: point.issue,
                line: name,
                across: column + 0.14 + 0.72 * scattered(point.issue),
                label: words.measure(name),
              },
            ],
      ),
    ),
    marks: names.flatMap((name, column) =>
      ['p50', 'p85', 'p95'].flatMap((measure): Mark[] => {
        const point = of(name, measure)[0];
        return point && point.value !== null
          ? [{ label: measure, value: point.value, href: words.href(point.open), column }]
          : [];
      }),
    ),
  };
}
