/** What the page looks at: its filter, days, pieces, split and instant, all from the address. */

import { createQuery } from '@tanstack/svelte-query';
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { answer, api } from '$lib/api/client';
import { keys } from '$lib/api/queries';
import type { InsightPoint } from '$lib/api/types';
import { ordered, type Sort } from '$lib/filter/terms';
import { locale } from '$lib/i18n/index.svelte';
import { currentQ, listHref } from '$lib/issues/view';
import { dayOf } from '$lib/rewind/moments';
import { currentAsOf, today, withParameter, zone } from '$lib/rewind/rewind';
import { day, month, wholeDay } from '$lib/time/format';
import {
  againstOf,
  bucketOf,
  isBusiness,
  rangeOf,
  spanOf,
  splitOf,
  viewsIn,
  type Bucket,
} from './address';
import { lengthText } from './amounts';
import type { Asked } from './asking.svelte';
import type { Words } from './model';
import { named, tx } from './texts';

const query = (): URLSearchParams => page.url.searchParams;

/** Return the first of the issues that a filter selects at an instant, by an order. */
async function firstBy(
  order: Sort,
  [q, asOf]: readonly [string, string | null],
  signal: AbortSignal,
) {
  const query = { q: ordered(q, order), as_of: asOf, limit: 1 };
  const { items } = await answer(api.GET('/api/v1/issues', { params: { query }, signal }));
  return items[0];
}

/** Ask for the last day on which one of the issues was created or done; null where there is none. */
export function createLastDay(enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: [...keys.counted, 'last', currentQ(), currentAsOf()] as const,
    queryFn: async ({ queryKey: [, , ...which], signal }) => {
      const [created, closed] = await Promise.all([
        firstBy({ by: 'created', descending: true }, which, signal),
        firstBy({ by: 'closed', descending: true }, which, signal),
      ]);
      const instants = [created?.created_at, closed?.closed_at].filter(
        (one) => typeof one === 'string',
      );
      const latest = instants.sort((one, other) => Date.parse(one) - Date.parse(other)).at(-1);
      return latest === undefined ? null : dayOf(latest, zone());
    },
    enabled: enabled(),
  }));
}

/** Return the page's state; to be made once, in the component that is the page. */
export function createView() {
  const isAll = $derived(rangeOf(query()) === 'all');
  // The first day of all there is: asked for only where it matters.
  const first = createQuery(() => ({
    queryKey: [...keys.counted, 'first', currentQ(), currentAsOf()] as const,
    queryFn: async ({ queryKey: [, , ...which], signal }) => {
      const issue = await firstBy({ by: 'created', descending: false }, which, signal);
      return issue ? dayOf(issue.created_at, zone()) : null;
    },
    enabled: isAll,
    staleTime: 60_000,
  }));
  const last = $derived.by(() => {
    const asOf = currentAsOf();
    return asOf === null ? today() : (dayOf(asOf, zone()) ?? today());
  });
  const span = $derived(spanOf(query(), last, first.data ?? null));
  const bucket = $derived(bucketOf(query(), span));
  return {
    get isReady() {
      return !isAll || !first.isPending;
    },
    get last() {
      return last;
    },
    get span() {
      return span;
    },
    get bucket() {
      return bucket;
    },
    /** Whether durations leave days off out. */
    get isBusiness() {
      return isBusiness(query());
    },
    get by() {
      return splitOf(query());
    },
    get against() {
      return againstOf(query());
    },
    get views() {
      return viewsIn(query());
    },
    /** The filter and the instant, which every question has. */
    get common(): Asked {
      const asOf = currentAsOf();
      return { q: currentQ(), ...(asOf === null ? {} : { as_of: asOf }) };
    },
  };
}
export type PageView = ReturnType<typeof createView>;

/** Return this page's address with other parameters; null takes one out. */
export function addressWith(changes: Record<string, string | null>): string {
  return Object.entries(changes).reduce(
    (address, [name, value]) => withParameter(address, name, value),
    page.url.pathname + page.url.search,
  );
}

/** Show the page with other parameters. */
export function show(
  changes: Record<string, string | null>,
  { replace = false } = {},
): Promise<void> {
  return goto(addressWith(changes), { keepFocus: true, noScroll: true, replaceState: replace });
}

/** Show only these days. */
export const zoom = (from: string, to: string): Promise<void> =>
  show({ range: null, from, to, bucket: null });

/** The link that opens the issues behind a number. */
export const hrefOf = (open: InsightPoint['open']): string => listHref(open.q, open.as_of);

/** Return a day, a week or a month as text. */
export function when(from: string, to: string | null | undefined, bucket: Bucket): string {
  if (bucket === 'month' && from.endsWith('-01')) return month(from, locale());
  const begin = wholeDay(from, locale(), 'medium');
  return to && to !== from
    ? tx('from-to', { from: begin, to: wholeDay(to, locale(), 'medium') })
    : begin;
}

/** Return how things are called in charts whose columns are such pieces. */
export const wordsFor = (bucket: Bucket): Words => ({
  href: hrefOf,
  measure: (name) => named('measure', name),
  group: groupText,
  place: (point) => placeOf(point, bucket),
});

/** A period with its filter, by which two curves are told apart; the filter is that of the page. */
const PERIOD = /(?:^|\s)(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/;

/** Return how a group of a split, or one of two periods, is called. */
export function groupText(name: string): string {
  const [, from, to] = PERIOD.exec(name) ?? [];
  return from && to ? when(from, to, 'day') : named('group', name);
}

function placeOf(point: InsightPoint, bucket: Bucket): { label: string; tick: string } {
  if (point.after !== null && point.after !== undefined) {
    const length = lengthText(point.after, locale());
    return { label: tx('lasting', { length }), tick: lengthText(point.after, locale(), 'narrow') };
  }
  if (point.issue) {
    const text = wholeDay(dayOf(point.at, zone()) ?? point.at, locale(), 'medium');
    return { label: text, tick: text };
  }
  if (point.at.includes('..')) {
    const low = lengthText(point.lower ?? 0, locale());
    const label =
      point.upper === null || point.upper === undefined
        ? tx('bin.last', { from: low })
        : tx('bin', { from: low, to: lengthText(point.upper, locale()) });
    return { label, tick: lengthText(point.lower ?? 0, locale(), 'narrow') };
  }
  const text = when(point.at, point.to, bucket);
  return {
    label: point.so_far ? tx('so-far', { when: text }) : text,
    tick: bucket === 'month' ? month(point.at, locale(), 'short') : day(point.at, locale()),
  };
}
