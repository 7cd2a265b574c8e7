/**
 * The instant one looks at is part of the address, `?as_of=`; without it, it is now. The past can
 * only be read: whatever changes something asks `readOnly()`.
 */

import { goto } from '$app/navigation';
import { page } from '$app/state';
import { session } from '$lib/auth/session.svelte';
import { dayIn } from './moments';

/** The instant of the address; null is now. */
export const currentAsOf = (): string | null => page.url.searchParams.get('as_of') || null;

/** Whether nothing can be changed, because one looks at the past. */
export const readOnly = (): boolean => currentAsOf() !== null;

/** The time zone in which days of the instance begin and end. */
export const zone = (): string => session.config?.time_zone ?? 'UTC';

/** The day it is in that time zone. */
export const today = (): string => dayIn(new Date(), zone());

/** Look at the same page as of an instant, or now. */
export function rewindTo(asOf: string | null): Promise<void> {
  return goto(hereWith('as_of', asOf), {
    keepFocus: true,
    noScroll: true,
  });
}

/** Return an address of the app, at the instant one is looking at. */
export const atThisInstant = (href: string): string => withAsOf(href, currentAsOf());

const withAsOf = (href: string, asOf: string | null) => withParameter(href, 'as_of', asOf);

/** Return an address with one parameter set, or without it. */
export function withParameter(href: string, name: string, value: string | null): string {
  const [path = '', search] = href.split('?');
  const query = new URLSearchParams(search);
  if (value === null) query.delete(name);
  else query.set(name, value);
  return addressOf(path, query);
}

/** Return the address of the page with one parameter set, or without it. */
export const hereWith = (name: string, value: string | null): string =>
  withParameter(page.url.pathname + page.url.search, name, value);

/** Return an address. Colons and commas may stand in a query, and are easier to read. */
export function addressOf(path: string, query: URLSearchParams): string {
  const text = query.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  return text ? `${path}?${text}` : path;
}
