/**
 * Editing a text of an issue in place. What is typed is kept in this browser until it is saved or
 * given up, with the version it was typed over, so that a change of somebody else meanwhile is found.
 */

import type { Issue } from '$lib/api/types';
import { useMe } from '$lib/auth/me.svelte';
import { withoutPlaces } from '$lib/attachments/files';
import { say } from '$lib/components/toast';
import { keepDraft, readDraft } from '$lib/drafts/drafts';
import { t } from '$lib/i18n/index.svelte';
import type { Save } from './save';

type Field = 'title' | 'description';

export function createEdit(field: Field, issue: () => Issue, editable: () => boolean) {
  const { me } = useMe();
  const about = `${field}:${issue().key}`;
  const kept = editable() ? readDraft<{ base: Issue; text: string }>(me().id, about)?.value : null;

  /** The version that was on the screen when the editing began; null while nothing is edited. */
  let base = $state.raw<Issue | null>(kept?.base ?? null);
  let text = $state(kept?.text ?? '');
  let busy = $state(false);

  $effect(() => {
    if (base) keepDraft(me().id, about, text === base[field] ? null : { base, text });
  });

  function close() {
    base = null;
    keepDraft(me().id, about, null);
  }

  return {
    get isOpen() {
      return base !== null;
    },
    /** Whether it was opened for what had been typed before. */
    isKept: Boolean(kept),
    get text() {
      return text;
    },
    set text(typed: string) {
      text = typed;
    },
    get busy() {
      return busy;
    },
    begin() {
      base = issue();
      text = base[field];
    },
    /** Give up what was typed; it can be taken up again for as long as the message stands. */
    giveUp() {
      const given = base && text !== base[field] ? { base, text } : null;
      close();
      if (!given) return;
      say(t('issue.given-up'), () => {
        // Also where the issue has been left meanwhile: it is there on the next visit.
        keepDraft(me().id, about, given);
        ({ base, text } = given);
      });
    },
    /** Save what was typed; a text that is the same, or `nothing`, is left as it was. */
    async finish(save: Save, nothing = false) {
      if (!base || busy) return;
      const now = field === 'title' ? text.trim() : withoutPlaces(text);
      if (now === base[field] || nothing) return close();
      busy = true;
      const outcome = await save(base, { [field]: now });
      busy = false;
      if (outcome === 'settled') close();
      // One goes on from what is there now, having seen it.
      else if (outcome === 'again') base = issue();
    },
  };
}
