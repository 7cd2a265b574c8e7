/** Files out of what was pasted or dropped, their sizes in words, and references to them in Markdown. */

import type { Attachment } from '$lib/api/types';

/** Return the files of a paste or a drop; a text that was copied with a picture of itself has none. */
export function filesIn(data: DataTransfer | null): File[] {
  if (!data || data.types.includes('text/plain')) return [];
  return [...data.files];
}

/** Return a size as people write it: `1.4 MB`. */
export function sizeText(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[step],
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(bytes / 1000 ** step);
}

/** The address by which a text refers to a file. */
const addressOf = (id: number): string => `/api/v1/attachments/${id}/content`;

/** Return what stands in a text for a file that is still on its way. */
export const placeFor = (name: string): string => `![${plain(name)} …]()`;

/** Return a text with what it says of a file in the place of that; nothing of a file given up. */
export const withReference = (text: string, name: string, said: string | null): string =>
  // As a text, what is put in would have signs of its own: `$&` in the name of a file, for one.
  text.replace(placeFor(name), () => said ?? '');

/** Return a text without the places of files that have not arrived. */
export const withoutPlaces = (text: string): string => text.replace(/!\[[^\]]* …\]\(\)\n?/g, '');

/** Return what a text says of an attachment: an image is shown, another file linked. */
export function reference({ id, name, content_type }: Attachment): string {
  const link = `[${plain(name)}](${addressOf(id)})`;
  return content_type.startsWith('image/') ? `!${link}` : link;
}

const plain = (name: string): string => name.replace(/[[\]\\]/g, ' ');
