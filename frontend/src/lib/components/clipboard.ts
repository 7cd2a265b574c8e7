/** Copying a text to the clipboard, and saying so. */

import { t } from '$lib/i18n/index.svelte';
import { say, warn } from './toast';

/** Copy `text`, then say `said`; where the browser refuses, show the text, to be copied by hand. */
export async function copy(text: string, said: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers keep the clipboard from pages that came without TLS, and people may refuse it.
    warn(t('copy.refused'), [text]);
    return;
  }
  say(said);
}
