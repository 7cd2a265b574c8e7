/** Numbers of charts as people write them: issues, shares, lengths of time. */

export type Unit = 'issues' | 'seconds' | 'ratio' | 'index';

const SIZES = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;
/** From so many on, the next greater unit says enough. */
const ENOUGH = { day: 2, hour: 1, minute: 1 };
const YEAR = 365.25 * 86_400;

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** What an axis of lengths of time may be divided by. */
const STEPS = [
  ...[60, 300, 900, 1800, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 1820, 3640].map((days) => days * DAY),
];
/** What an axis of powers is marked at. */
const POWERS = [60, HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY, 91 * DAY, 364 * DAY, 1820 * DAY];

const cache = new Map<string, Intl.NumberFormat>();

function written(value: number, locale: string, options: Intl.NumberFormatOptions): string {
  const name = locale + JSON.stringify(options);
  let found = cache.get(name);
  if (!found) cache.set(name, (found = new Intl.NumberFormat(locale, options)));
  return found.format(value);
}

/** Return a length of time in the unit that says it best: `4.2 days`. */
export function lengthText(
  seconds: number,
  locale: string,
  unitDisplay: 'long' | 'narrow' = 'long',
): string {
  const size = Math.abs(seconds);
  if (size >= 200 * YEAR)
    return `${written(seconds / YEAR, locale, { style: 'unit', unit: 'year', unitDisplay, notation: 'compact', maximumFractionDigits: 1 })}`;
  const [unit, length] =
    size >= 1000 * DAY
      ? (['year', YEAR] as const)
      : size % DAY === 0
        ? SIZES[0]
        : (SIZES.find(([name, seconds_]) => size >= seconds_ * ENOUGH[name]) ??
          (['second', 1] as const));
  const value = seconds / length;
  return written(value, locale, {
    style: 'unit',
    unit,
    unitDisplay,
    maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0,
  });
}

/** Return a number of a chart as text; a dash where there is none. */
export function amount(
  value: number | null | undefined,
  unit: Unit,
  locale: string,
  unitDisplay: 'long' | 'narrow' = 'long',
): string {
  if (value === null || value === undefined) return '–';
  switch (unit) {
    case 'seconds':
      return lengthText(value, locale, unitDisplay);
    case 'ratio':
      return written(value, locale, { style: 'percent', maximumFractionDigits: 1 });
    case 'index':
      return written(value, locale, { maximumFractionDigits: 2 });
    default:
      return written(value, locale, { maximumFractionDigits: 1 });
  }
}

/** Return a difference with its sign; a minus that is one. */
export function difference(value: number, unit: Unit, locale: string): string {
  const size = amount(Math.abs(value), unit, locale);
  return value === 0 ? size : `${value > 0 ? '+' : '−'}${size}`;
}

/** Return where an axis from `low` to `high` is marked, about `count` times. */
export function lengthTicks(low: number, high: number, count: number): number[] {
  const step = STEPS.find((one) => (high - low) / one <= count) ?? STEPS.at(-1) ?? 1;
  const wide = Math.max(step, Math.ceil((high - low) / step / count) * step);
  const first = Math.ceil(low / wide) * wide;
  const found = [];
  for (let at = first; at <= high; at += wide) found.push(at);
  return found;
}

/** Return where an axis of powers from `low` to `high` is marked. */
export const powerTicks = (low: number, high: number): number[] =>
  POWERS.filter((one) => one >= low && one <= high);
