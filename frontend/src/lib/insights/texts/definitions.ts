/**
 * Definitions of metrics in other languages than that of the API, loaded when one is read. Each is
 * kept with the text that it translates: where the API says another, that is what is shown.
 */

import type { Language } from '$lib/i18n/index.svelte';

export interface Said {
  text: string;
  language: Language;
}

/** Return a definition in a language, or as the API gives it where there is none. */
export async function definitionIn(
  language: Language,
  metric: string,
  definition: string,
): Promise<Said> {
  if (language !== 'en') {
    const { default: known } = await import('./definitions.json');
    const found = (known as Record<string, { en: string; de: string }>)[metric];
    if (found?.en === definition) return { text: found[language], language };
  }
  return { text: definition, language: 'en' };
}
