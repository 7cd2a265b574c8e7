/** What can be chosen for an issue and asked for in a filter: people and labels. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from '$lib/api/client';
import { keys } from '$lib/api/queries';
import { useMe } from '$lib/auth/me.svelte';

const LONG_MS = 60_000;
const PAUSE_MS = 150;

/** What is asked for follows what is typed, once that pauses. */
function paused(text: () => string): () => string {
  let asked = $state(text());
  $effect(() => {
    const typed = text();
    const timer = setTimeout(() => (asked = typed), PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return () => asked;
}

/** Create the people whose name or address holds a text; nobody for those who may not ask. */
export function createPeople(text: () => string, enabled: () => boolean = () => true) {
  const { may } = useMe();
  const asked = paused(text);
  return createQuery(() => ({
    queryKey: keys.people(asked()),
    queryFn: ({ queryKey: [, q], signal }) =>
      answer(api.GET('/api/v1/people', { params: { query: { q, limit: 50 } }, signal })),
    enabled: enabled() && may('people:find'),
    staleTime: LONG_MS,
    placeholderData: (last) => last,
  }));
}

/** Create the names of the labels that begin with a text. */
export function createLabels(prefix: () => string, enabled: () => boolean = () => true) {
  const asked = paused(prefix);
  return createQuery(() => ({
    queryKey: keys.labels(asked()),
    queryFn: ({ queryKey: [, start], signal }) =>
      answer(
        api.GET('/api/v1/labels', { params: { query: { prefix: start, limit: 100 } }, signal }),
      ),
    select: ({ items }) => items.map(({ name }) => name),
    enabled: enabled(),
    staleTime: LONG_MS,
    placeholderData: (last) => last,
  }));
}
