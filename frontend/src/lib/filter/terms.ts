/**
 * The filter language as the browser needs it: where the terms of a text are, and changing one
 * without touching the rest. What a term means, and whether it is right, the API decides.
 * The same tokens as `plugins/issues/grammar/filter.lark`.
 */

export interface Term {
  kind: 'field' | 'words' | 'or' | 'open' | 'close';
  /** Where it stands in the text, with its minus; `end` is exclusive. */
  start: number;
  end: number;
  negated: boolean;
  /** Of a field: `status`, `:`, `open,triaged`. */
  field?: string;
  operator?: string;
  value?: string;
}

const TOKEN =
  /(?<or>OR(?=[\s()]|$))|(?<minus>-(?=[^\s)]))?(?:(?<open>\()|(?<field>[A-Za-z_]+)(?<operator>:>=|:<=|:>|:<|>=|<=|:|>|<)(?<value>(?:"(?:[^"\\]|\\.)*"?|[^\s(),"]+)?(?:,(?:"(?:[^"\\]|\\.)*"?|[^\s(),"]+)?)*)|(?<words>"(?:[^"\\]|\\.)*"?|[^\s()"]+))|(?<close>\))/gy;

/** Return the terms of a text, which may be unfinished. */
export function terms(text: string): Term[] {
  const found: Term[] = [];
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match || match[0] === '') {
      at += 1;
      continue;
    }
    const groups = match.groups ?? {};
    const place = { start: at, end: at + match[0].length, negated: groups.minus !== undefined };
    if (groups.field !== undefined)
      found.push({
        ...place,
        kind: 'field',
        field: groups.field.toLowerCase(),
        operator: groups.operator,
        value: groups.value,
      });
    else if (groups.or) found.push({ ...place, kind: 'or' });
    else if (groups.open) found.push({ ...place, kind: 'open' });
    else if (groups.close) found.push({ ...place, kind: 'close' });
    else found.push({ ...place, kind: 'words', value: groups.words });
    at += match[0].length;
  }
  return found;
}

/** Return `text` with the terms that `dropped` chooses taken out, and its spaces tidied. */
export function without(text: string, dropped: (term: Term) => boolean): string {
  let rest = text;
  for (const term of terms(text).reverse())
    if (dropped(term)) rest = rest.slice(0, term.start) + rest.slice(term.end);
  return rest.replace(/\s+/g, ' ').trim();
}

/** Return `text` with one more term. */
function withTerm(text: string, term: string): string {
  return `${text.trim()} ${term}`.trim();
}

export interface Sort {
  by: string;
  descending: boolean;
}

const DEFAULT_SORT: Sort = { by: 'updated', descending: true };

/** Return by what a filter sorts first. */
export function sortOf(text: string): Sort {
  const term = terms(text).find(({ field }) => field === 'sort');
  const first = term?.value?.split(',')[0]?.toLowerCase();
  if (!first || first === '-') return DEFAULT_SORT;
  return first.startsWith('-')
    ? { by: first.slice(1), descending: true }
    : { by: first, descending: false };
}

/** Return `text` with this sort instead of its own; the default one is left out. */
export function withSort(text: string, sort: Sort): string {
  const rest = without(text, ({ field }) => field === 'sort');
  if (sort.by === DEFAULT_SORT.by && sort.descending === DEFAULT_SORT.descending) return rest;
  return withTerm(rest, `sort:${sort.descending ? '-' : ''}${sort.by}`);
}

/** Return the filter for what `text` selects in this order instead of its own. */
export function ordered(text: string, sort: Sort): string {
  const rest = without(text, ({ field }) => field === 'sort');
  // An order stands by itself, not in an alternative.
  const whole = terms(rest).some(({ kind }) => kind === 'or') ? `(${rest})` : rest;
  return withTerm(whole, `sort:${sort.descending ? '-' : ''}${sort.by}`);
}

/** The API counts characters, a text in the browser counts UTF-16 units. */
export function unitsBefore(text: string, position: number): number {
  return [...text].slice(0, position).join('').length;
}

/** Return the end of the term that stands at a place, or the end of the text. */
export function endOfTermAt(text: string, place: number): number {
  const term = terms(text).find(({ start, end }) => start <= place && place < end);
  return term?.end ?? text.length;
}

/** Return `q` with the condition that an issue is one of those `keys`; its order is left out. */
export function narrowed(q: string, keys: readonly string[]): string {
  const plain = without(q, ({ kind, field }) => kind === 'field' && field === 'sort');
  const these = `key:${keys.join(',')}`;
  if (plain === '') return these;
  const isChoice = terms(plain).some(({ kind }) => kind === 'or');
  return isChoice ? `(${plain}) ${these}` : `${plain} ${these}`;
}
