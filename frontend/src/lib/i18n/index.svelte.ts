/**
 * Every text a person reads: `t('issues.count', { count: 3 })`. The key and its places are typed.
 * A text that follows from data of the API has its key built: t(`status.${issue.status}`).
 */

import { preferences } from '$lib/state/preferences.svelte';
import { en } from './en';
import { fill, type Given, type Message } from './message';

export type Key = keyof typeof en;
export type Catalogue = Record<Key, Message>;

/** The languages there are, by their own names; English is in the first load. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Exclude<Language, 'en'>, () => Promise<Catalogue>> = {
  de: async () => (await import('./de')).de,
};

let language = $state<Language>('en');
let catalogue = $state.raw<Catalogue>(en);

/** Return the text of `key` in the language in use. */
export function t<K extends Key>(key: K, ...given: Given<(typeof en)[K]>): string {
  return fill(catalogue[key], (given[0] as Record<string, string | number>) ?? {}, language);
}

/** The locale for dates and numbers: the browser's own where it is of the language in use. */
export function locale(): string {
  const own = navigator.languages.find((tag) => tag.split('-')[0] === language);
  return own ?? language;
}

/** Use the language that was chosen, or the first of the browser's that we have. */
export async function useLanguage(chosen: string | null = preferences.locale): Promise<void> {
  const wished = [chosen ?? '', ...navigator.languages].map((tag) => tag.split('-')[0] ?? '');
  const found = (wished.find((tag) => tag in LANGUAGES) ?? 'en') as Language;
  catalogue = found === 'en' ? en : await LOADERS[found]();
  language = found;
  document.documentElement.lang = found;
}

/** Return the language in use. */
export function currentLanguage(): Language {
  return language;
}
