/** The projects that whoever is signed in may see, read once for everything that asks. */

import { createQuery } from '@tanstack/svelte-query';
import { answer, api } from './client';
import { keys } from './queries';

/** Create the query of the projects; it is sent once something is `enabled`. */
export function createProjects(enabled: () => boolean = () => true) {
  return createQuery(() => ({
    queryKey: keys.projects,
    queryFn: ({ signal }) =>
      answer(api.GET('/api/v1/projects', { params: { query: { limit: 200 } }, signal })),
    enabled: enabled(),
    staleTime: 60_000,
  }));
}
