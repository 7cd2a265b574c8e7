/** Instants and dates as people of a locale write them. Instants are RFC 3339 texts. */

// Making one takes longer than all a row of the list does otherwise.
const cache = new Map<string, Intl.DateTimeFormat>();
const relatives = new Map<string, Intl.RelativeTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = locale + JSON.stringify(options);
  let found = cache.get(name);
  if (!found) cache.set(name, (found = new Intl.DateTimeFormat(locale, options)));
  return found;
}

/** The whole instant, with its time zone: for a tooltip. */
export function exact(instant: string, locale: string): string {
  return formatter(locale, { dateStyle: 'full', timeStyle: 'long' }).format(new Date(instant));
}

/** A short date; the year only where it is not this one. */
function shortDate(instant: string | Date, locale: string, now = new Date()): string {
  const date = new Date(instant);
  const sameYear = date.getFullYear() === now.getFullYear();
  return formatter(locale, {
    day: 'numeric',
    month: 'short',
    year: sameYear ? undefined : 'numeric',
  }).format(date);
}

/** A day without a time (`2026-12-24`), which no time zone may move. */
export function day(text: string, locale: string, now = new Date()): string {
  const date = new Date(`${text}T12:00:00Z`);
  const sameYear = date.getUTCFullYear() === now.getUTCFullYear();
  return formatter(locale, {
    day: 'numeric',
    month: 'short',
    year: sameYear ? undefined : 'numeric',
    timeZone: 'UTC',
  }).format(date);
}

/** A day without a time, written out: 24 December 2026. */
export function wholeDay(
  text: string,
  locale: string,
  dateStyle: 'long' | 'medium' = 'long',
): string {
  return formatter(locale, { dateStyle, timeZone: 'UTC' }).format(new Date(`${text}T12:00:00Z`));
}

/** An instant to the minute. */
export function dateAndTime(
  instant: string,
  locale: string,
  dateStyle: 'long' | 'medium' = 'long',
): string {
  return formatter(locale, { dateStyle, timeStyle: 'short' }).format(new Date(instant));
}

/** An instant to the second, as short as a table needs it. */
export function toTheSecond(instant: string, locale: string): string {
  return formatter(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(instant));
}

/** The month of a day: December 2026. */
export function month(text: string, locale: string, style: 'long' | 'short' = 'long'): string {
  return formatter(locale, { month: style, year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${text}T12:00:00Z`),
  );
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** How long ago, up to 30 days; then a date. `narrow` is for columns. */
export function relative(
  instant: string,
  locale: string,
  now: Date,
  style: Intl.RelativeTimeFormatStyle = 'long',
): string {
  const seconds = (new Date(instant).getTime() - now.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size >= 30 * 86_400) return shortDate(instant, locale, now);
  const name = `${locale} ${style}`;
  let format = relatives.get(name);
  if (!format)
    relatives.set(name, (format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style })));
  for (const [unit, length] of STEPS) {
    if (size >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return format.format(0, 'second');
}
