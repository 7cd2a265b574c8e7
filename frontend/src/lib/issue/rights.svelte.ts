/** What the person signed in may do to an issue. The past can only be read. */

import type { Issue } from '$lib/api/types';
import { useMe } from '$lib/auth/me.svelte';
import { readOnly } from '$lib/rewind/rewind';

export function useRights(issue: () => Issue) {
  const { me, may } = useMe();
  return {
    get triage() {
      return !readOnly() && may('issues:triage');
    },
    get editText() {
      const own = issue().reporter.id === me().id && may('issues:edit-own');
      return !readOnly() && (own || may('issues:triage'));
    },
    get remove() {
      return !readOnly() && may('issues:delete');
    },
    get comment() {
      return !readOnly() && may('issues:comment');
    },
  };
}
