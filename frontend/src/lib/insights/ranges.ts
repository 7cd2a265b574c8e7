/** How far back the charts go, and the steps in which they do. */

import { shifted } from '$lib/rewind/moments';

export const RANGES = ['4w', '3m', '6m', '1y', '5y'] as const;
export type Range = (typeof RANGES)[number];
export type Step = 'day' | 'week' | 'month';

export const STEPS: Record<Range, Step> = {
  '4w': 'day',
  '3m': 'week',
  '6m': 'week',
  '1y': 'week',
  '5y': 'month',
};

const COUNTS: Record<Range, number> = { '4w': 28, '3m': 13, '6m': 26, '1y': 52, '5y': 60 };

/** Return the range that an address names. */
export function rangeOf(text: string | null): Range {
  return RANGES.find((range) => range === text) ?? '6m';
}

/** Return the first day of the range that ends with `last`. */
export function firstDay(range: Range, last: string): string {
  const count = COUNTS[range];
  switch (STEPS[range]) {
    case 'day':
      return shifted(last, 1 - count);
    case 'week':
      return shifted(last, 7 * (1 - count));
    case 'month': {
      const [year = 0, month = 1] = last.split('-').map(Number);
      const months = year * 12 + month - count;
      const first = `${String(Math.floor(months / 12)).padStart(4, '0')}-${String((months % 12) + 1).padStart(2, '0')}-01`;
      return first;
    }
  }
}
