/** What can be chosen for an issue and asked for in a filter: people and labels. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { keys } from '$lib/api/queries';
import { useMe } from '$lib/auth/me.svelte';

const LONG_MS = 60_000;

/** Create the people whose name or address holds a text; nobody for those who may not ask. */
export function createPeople(text: () => string, enabled: () => boolean = () => true) {
  const { may } = useMe();
  return createQuery(() => ({
    queryKey: keys.people(text()),
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/people', { params: { query: { q: text(), limit: 50 } }, signal })),
    enabled: enabled() && may('people:find'),
    staleTime: LONG_MS,
  }));
}

/** Create the names of the labels that begin with a text. */
export function createLabels(prefix: () => string, enabled: () => boolean = () => true) {
  return createQuery(() => ({
    queryKey: keys.labels(prefix()),
    queryFn: ({ signal }) =>
      answer(
        api.GET('/api/v1/labels', { params: { query: { prefix: prefix(), limit: 100 } }, signal }),
      ),
    select: ({ items }) => items.map(({ name }) => name),
    enabled: enabled(),
    staleTime: LONG_MS,
  }));
}
