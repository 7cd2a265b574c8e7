/** A filter as chips: each term, group or OR at its top is one. Chips and text are the same value. */

import { terms, type Term } from './terms';

export interface Chip {
  kind: 'field' | 'words' | 'or' | 'group';
  /** Where it stands in the text; `end` is exclusive. */
  start: number;
  end: number;
  text: string;
  /** Of a field, `-label:`; it is written apart from its value. */
  head: string;
}

/** Return the chips of a text; what is not closed reaches to its end. */
export function chips(text: string): Chip[] {
  const found: Chip[] = [];
  let depth = 0;
  let opened = 0;
  const add = (kind: Chip['kind'], start: number, end: number, head = '') =>
    found.push({ kind, start, end, head, text: text.slice(start, end) });
  for (const term of terms(text)) {
    if (term.kind === 'open') {
      if (depth === 0) opened = term.start;
      depth += 1;
    } else if (term.kind === 'close' && depth > 0) {
      depth -= 1;
      if (depth === 0) add('group', opened, term.end);
    } else if (depth === 0) {
      add(kindOf(term), term.start, term.end, headOf(term, text));
    }
  }
  if (depth > 0) add('group', opened, text.length);
  return found;
}

/** Return whether a text could stand as it is: nothing in it waits to be closed or filled in. */
export function isComplete(text: string): boolean {
  const found = terms(text);
  const last = found.at(-1);
  if (!last) return false;
  if (last.kind === 'field' && (last.value === '' || last.value?.endsWith(','))) return false;
  const opened = found.filter(({ kind }) => kind === 'open').length;
  const closed = found.filter(({ kind }) => kind === 'close').length;
  return opened === closed && text.trim() !== '-' && !hasOpenQuote(text);
}

/** Join the parts of a filter, of which some may be empty. */
export function joined(...parts: string[]): string {
  return parts
    .map((part) => part.trim())
    .filter(Boolean)
    .join(' ');
}

/** Return `text` with one of its chips taken out. */
export function withoutChip(text: string, chip: Chip): string {
  return joined(text.slice(0, chip.start), text.slice(chip.end));
}

function kindOf(term: Term): Chip['kind'] {
  if (term.kind === 'field' || term.kind === 'or') return term.kind;
  return 'words';
}

function headOf(term: Term, text: string): string {
  if (term.kind !== 'field') return '';
  return text.slice(term.start, term.end - (term.value?.length ?? 0));
}

function hasOpenQuote(text: string): boolean {
  let open = false;
  for (let at = 0; at < text.length; at += 1) {
    if (open && text[at] === '\\') at += 1;
    else if (text[at] === '"') open = !open;
  }
  return open;
}
