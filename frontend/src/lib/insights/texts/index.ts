/**
 * The texts of this page: `tx('chart', { title })`. They come with the page, in both languages, so
 * that the first load of the list does not carry them.
 */

import { currentLanguage } from '$lib/i18n/index.svelte';
import { fill, type Given, type Message } from '$lib/i18n/message';
import { de } from './de';
import { en } from './en';

export type TextKey = keyof typeof en;
export type Texts = Record<TextKey, Message>;

const CATALOGUES = { en, de } as const;

/** Return the text of `key` in the language in use. */
export function tx<K extends TextKey>(key: K, ...given: Given<(typeof en)[K]>): string {
  const language = currentLanguage();
  const catalogue: Texts = CATALOGUES[language];
  return fill(catalogue[key], (given[0] as Record<string, string | number>) ?? {}, language);
}

/** Return the text of a name of the API's, the name itself where there is none. */
export function named(kind: 'measure' | 'group' | 'title' | 'view', name: string): string {
  const key = `${kind}.${name}`;
  return key in en ? tx(key as 'measure.created') : name;
}
