/** The days off of the instance, as people write them. */

import { tx } from './texts';

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** A Monday. */
const MONDAY = Date.UTC(2024, 0, 1, 12);

/** Return `Saturday, Sunday, and 3 dates`. */
export function daysOffText(daysOff: readonly string[], locale: string): string {
  const name = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' });
  const days = WEEK.flatMap((day, place) =>
    daysOff.includes(day) ? [name.format(MONDAY + place * 86_400_000)] : [],
  );
  const dates = daysOff.filter((day) => !WEEK.includes(day)).length;
  const said = dates > 0 ? [...days, tx('calendar.dates', { count: dates })] : days;
  return said.length > 0
    ? new Intl.ListFormat(locale, { type: 'conjunction' }).format(said)
    : tx('calendar.none');
}
