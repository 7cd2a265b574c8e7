/** The numbers of an answer as CSV (RFC 4180): one a line, exact, with the filter that opens it. */

import type { Insight } from '$lib/api/types';

const COLUMNS = [
  ...['metric', 'series', 'at', 'to', 'so_far', 'value', 'unit'],
  ...['lower', 'upper', 'issues', 'running', 'after', 'issue', 'signals', 'q', 'as_of'],
];

/** Return a cell. What a spreadsheet would take for a formula gets an apostrophe, as in exports. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = Array.isArray(value) ? value.join('; ') : String(value as string);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Return every number of these series, each on its line. */
export function csvOf(insight: Insight, series: Insight['series']): string {
  const rows = series.flatMap((one) =>
    one.points.map((point) => {
      const { open, ...rest } = point;
      const row: Record<string, unknown> = {
        ...rest,
        ...open,
        metric: insight.metric,
        series: one.name,
        unit: one.unit,
      };
      return COLUMNS.map((name) => cell(row[name])).join(',');
    }),
  );
  return [COLUMNS.join(','), ...rows, ''].join('\r\n');
}
