/** What the person signed in may do to an issue. The past can only be read. */

import type { Issue } from '$lib/api/types';
import { useMe } from '$lib/auth/me.svelte';
import { currentAsOf } from '$lib/issues/view';

export function useRights(issue: () => Issue) {
  const { me, may } = useMe();
  return {
    get triage() {
      return currentAsOf() === null && may('issues:triage');
    },
    get editText() {
      const own = issue().reporter.id === me().id && may('issues:edit-own');
      return currentAsOf() === null && (own || may('issues:triage'));
    },
    get comment() {
      return currentAsOf() === null && may('issues:comment');
    },
  };
}
