/** What could come next while a term is typed: names of fields, then values. docs/filters.md has all. */

type Source = 'people' | 'labels' | 'projects';

interface Field {
  name: string;
  values: readonly string[];
  /** Values that the instance knows. */
  source?: Source;
}

const SPANS = ['today', 'yesterday', '<7d', '<30d', '>30d', '>6mo'];

export const FIELDS: readonly Field[] = [
  { name: 'status', values: ['open', 'triaged', 'in_progress', 'done'] },
  { name: 'severity', values: ['critical', 'high', 'medium', 'low', 'none', 'any'] },
  { name: 'assignee', values: ['@me', 'none', 'any'], source: 'people' },
  { name: 'label', values: ['none', 'any'], source: 'labels' },
  { name: 'project', values: [], source: 'projects' },
  { name: 'reporter', values: ['@me'], source: 'people' },
  { name: 'is', values: ['open', 'closed', 'overdue', 'blocked', 'blocking', 'duplicate'] },
  { name: 'has', values: ['assignee', 'severity', 'due', 'label', 'duplicates', 'related'] },
  { name: 'duplicate_of', values: [] },
  { name: 'has_duplicate', values: [] },
  { name: 'blocks', values: [] },
  { name: 'blocked_by', values: [] },
  { name: 'related_to', values: [] },
  { name: 'created', values: SPANS },
  { name: 'updated', values: SPANS },
  { name: 'closed', values: [...SPANS, 'none', 'any'] },
  { name: 'due', values: ['today', '7d', '30d', 'none', 'any'] },
  { name: 'age', values: ['>7d', '>30d', '>6mo', '>1y'] },
  { name: 'lead', values: ['<1d', '>7d', '>30d', '>6mo'] },
  { name: 'cycle', values: ['<1d', '>7d', '>30d', '>6mo'] },
  { name: 'triage', values: ['<1d', '>7d', '>30d'] },
  { name: 'response', values: ['<1d', '>7d', '>30d'] },
  { name: 'triaged', values: [...SPANS, 'none', 'any'] },
  { name: 'started', values: [...SPANS, 'none', 'any'] },
  { name: 'responded', values: [...SPANS, 'none', 'any'] },
  { name: 'entered', values: [...SPANS] },
  { name: 'finished', values: [...SPANS, 'none', 'any'] },
  { name: 'reopened', values: [...SPANS, 'none', 'any'] },
  { name: 'bounced', values: [...SPANS, 'none', 'any'] },
  { name: 'was', values: ['open', 'triaged', 'in_progress', 'done'] },
  { name: 'resolution', values: ['fixed', 'duplicate', 'declined', 'invalid', 'none', 'any'] },
  { name: 'title', values: [] },
  { name: 'key', values: [] },
  {
    name: 'sort',
    values: ['-updated', '-created', '-severity', 'due', 'status', 'key', 'relevance'],
  },
];

const ALIASES: Record<string, string> = {
  state: 'status',
  priority: 'severity',
  labels: 'label',
  author: 'reporter',
};

export interface Context {
  /** What stands before that which is being typed: it stays. */
  head: string;
  /** What is being typed. */
  partial: string;
  /** The field whose value that is; null where it is the name of a field, or a word. */
  field: Field | null;
}

export interface Suggestion {
  /** The draft, if this is taken. */
  draft: string;
  /** What is shown. */
  label: string;
  kind: 'field' | 'value';
  field: string;
}

/** What the instance knows: names of people with their ids, labels, keys of projects. */
export interface Known {
  people: readonly { id: number; name: string }[];
  labels: readonly string[];
  projects: readonly string[];
}

const VALUED = /^(-?)([A-Za-z_]+)(:>=|:<=|:>|:<|>=|<=|:|>|<)(.*)$/s;
const MOST = 9;

/** Return what is being typed at the end of a draft. */
export function contextOf(draft: string): Context {
  const match = VALUED.exec(draft);
  if (!match) {
    const head = draft.startsWith('-') ? '-' : '';
    return { head, partial: draft.slice(head.length), field: null };
  }
  const [, minus = '', name = '', operator = '', values = ''] = match;
  const wanted = ALIASES[name.toLowerCase()] ?? name.toLowerCase();
  const field = FIELDS.find((one) => one.name === wanted) ?? { name: wanted, values: [] };
  const begin = startOfLast(values);
  return {
    head: minus + name + operator + values.slice(0, begin),
    partial: values.slice(begin),
    field,
  };
}

/** Return what the draft could become, the likeliest first. */
export function suggestions(draft: string, known: Known): Suggestion[] {
  const { head, partial, field } = contextOf(draft);
  const text = partial.replace(/^"/, '').toLowerCase();
  const begins = (value: string) => value.toLowerCase().startsWith(text);
  if (field) return valuesOf(field, known, head, begins, text).slice(0, MOST);
  if (/[\s"(]/.test(partial)) return [];
  const names = FIELDS.filter(({ name }) => begins(name)).map(({ name }) => ({
    draft: `${head}${name}:`,
    label: `${name}:`,
    kind: 'field' as const,
    field: name,
  }));
  // `crit` may well mean a severity.
  const direct =
    text.length < 2
      ? []
      : FIELDS.slice(0, 2).flatMap((one) =>
          valuesOf(one, { ...known, people: [], labels: [] }, `${head}${one.name}:`, begins, text),
        );
  return [...names, ...direct].slice(0, partial === '' ? names.length : MOST);
}

/** Write a value so that the language reads it as one. */
export function quoted(value: string): string {
  return /^[^\s(),"\\]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

function valuesOf(
  field: Field,
  known: Known,
  head: string,
  begins: (value: string) => boolean,
  text: string,
): Suggestion[] {
  const one = (label: string, written: string) => ({
    draft: head + written,
    label,
    kind: 'value' as const,
    field: field.name,
  });
  const fixed = field.values.filter(begins).map((value) => one(value, value));
  switch (field.source) {
    case 'people':
      return [
        ...fixed,
        ...known.people
          .filter(({ name }) => name.toLowerCase().includes(text))
          .map(({ id, name }) => one(name, isAmbiguous(name, known) ? String(id) : quoted(name))),
      ];
    case 'labels':
      return [...known.labels.filter(begins).map((label) => one(label, quoted(label))), ...fixed];
    case 'projects':
      return known.projects.filter(begins).map((key) => one(key, key));
    default:
      return fixed;
  }
}

/** A name that several have, or that reads as an id, is refused or means somebody else. */
function isAmbiguous(name: string, known: Known): boolean {
  const same = known.people.filter((one) => one.name.toLowerCase() === name.toLowerCase());
  return same.length > 1 || /^@|^\d+$/.test(name);
}

function startOfLast(values: string): number {
  let begin = 0;
  let open = false;
  for (let at = 0; at < values.length; at += 1) {
    if (open && values[at] === '\\') at += 1;
    else if (values[at] === '"') open = !open;
    else if (values[at] === ',' && !open) begin = at + 1;
  }
  return begin;
}
