/** Which actions fit a text, and which key of an issue it names. */

/** Whether every word of `text` begins a word of `label`, in any order. */
export function fits(label: string, text: string): boolean {
  const words = label.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}?]+/u)
    .filter(Boolean)
    .every((part) => words.some((word) => word.startsWith(part)));
}

/** Return the key that a text is: `web-42` is `WEB-42`. */
export function keyIn(text: string): string | null {
  const found = /^\s*([A-Za-z][A-Za-z0-9]{1,9})-([1-9]\d{0,8})\s*$/.exec(text);
  return found?.[1] && found[2] ? `${found[1].toUpperCase()}-${found[2]}` : null;
}

/** Return a filter that looks for a text as it stands, whatever signs it holds. */
export function searchFor(text: string): string {
  const bare = text.trim().replace(/\s+/g, ' ');
  if (bare === '') return '';
  return /^[\p{L}\p{N} ._-]*$/u.test(bare) && !/(^| )(-|OR( |$))/.test(bare)
    ? bare
    : `"${bare.replace(/["\\]/g, (sign) => `\\${sign}`)}"`;
}
