/** Instants of the past that one looks at: reading `as_of`, and the ones that are offered. */

const QUICK = ['yesterday', 'week', 'month', 'quarter'] as const;
export type Quick = (typeof QUICK)[number];

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Whether a text is a day of the calendar: the 30th of February is none, though browsers read it as
 * one of March. As `as_of` a day means its end in the time zone of the instance.
 */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return DAY.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Return the day (`2026-11-24`) that an instant lies in. */
export function dayIn(instant: Date, timeZone: string): string {
  // This locale writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(instant);
}

/** Return the day so many days later, or earlier. */
export function shifted(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/**
 * Return the day whose end is meant: for the last month, what was there before anything happened in
 * this one.
 */
export function quickDay(quick: Quick, today: string): string {
  const [year = 0, month = 1] = today.split('-').map(Number);
  const first = quick === 'quarter' ? month - ((month - 1) % 3) : month;
  switch (quick) {
    case 'yesterday':
      return shifted(today, -1);
    case 'week':
      return shifted(today, -7);
    default:
      return shifted(`${year}-${String(first).padStart(2, '0')}-01`, -1);
  }
}

/** Return the moments to offer, with their days: each day once, as on the first of a month. */
export function offered(today: string): { quick: Quick; day: string }[] {
  const all = QUICK.map((quick) => ({ quick, day: quickDay(quick, today) }));
  return all.filter(({ day }, place) => all.findIndex((other) => other.day === day) === place);
}

/** Return the day an `as_of` lies in; null for one that is neither a day nor an instant. */
export function dayOf(asOf: string, timeZone: string): string | null {
  if (DAY.test(asOf)) return isDay(asOf) ? asOf : null;
  const instant = new Date(asOf);
  const day = Number.isNaN(instant.getTime()) ? '' : dayIn(instant, timeZone);
  // Of years beyond 9999 nothing here is read.
  return isDay(day) ? day : null;
}

/** Return `as_of` for a date and, where there is one, a time of the browser's time zone. */
export function fromFields(date: string, time: string): string | null {
  if (date === '' || time === '') return date || null;
  const instant = new Date(`${date}T${time}`);
  return Number.isNaN(instant.getTime()) ? null : instant.toISOString().replace('.000Z', 'Z');
}

/** Return what the fields for date and time are to hold. */
export function toFields(asOf: string): { date: string; time: string } {
  if (isDay(asOf)) return { date: asOf, time: '' };
  const instant = new Date(asOf);
  if (Number.isNaN(instant.getTime())) return { date: '', time: '' };
  const own = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000).toISOString();
  return { date: own.slice(0, 10), time: own.slice(11, 16) };
}
