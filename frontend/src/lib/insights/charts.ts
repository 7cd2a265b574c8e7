/** The charts of the page, in their order: of which metric each is, and how it can be shown. */

import type { Split } from './address';

export type Kind = 'stacked' | 'grouped' | 'lines' | 'limits' | 'curve' | 'dots' | 'aging';

/** One way to show a chart. Where it is split, one of its measures is shown, of each group. */
export interface View {
  id: string;
  kind: Kind;
  measures: readonly string[];
  show?: 'scatter' | 'histogram';
  /** Whether its numbers reach over so many sizes that the axis goes by powers. */
  powers?: boolean;
  /** Whether it is set beside another period. */
  compared?: boolean;
}

export interface Chart {
  id: string;
  metric: string;
  views: readonly View[];
  /** Whether its columns are the pieces of the range, so that dragging over them narrows it. */
  overTime: boolean;
}

const DURATION: readonly View[] = [
  { id: 'percentiles', kind: 'lines', measures: ['p50', 'p85', 'p95'], powers: true },
  { id: 'scatter', kind: 'dots', measures: [], show: 'scatter', powers: true },
  { id: 'histogram', kind: 'grouped', measures: ['issues'], show: 'histogram' },
];
const SEVERITIES = ['none', 'low', 'medium', 'high', 'critical'];
const of = (prefix: string) => SEVERITIES.map((severity) => `${prefix} ${severity}`);

export const CHARTS: readonly Chart[] = [
  {
    id: 'cumulative-flow',
    metric: 'cumulative-flow',
    overTime: true,
    views: [
      { id: 'unfinished', kind: 'stacked', measures: ['in_progress', 'triaged', 'open'] },
      { id: 'everything', kind: 'stacked', measures: ['done', 'in_progress', 'triaged', 'open'] },
    ],
  },
  {
    id: 'created-resolved',
    metric: 'created-resolved',
    overTime: true,
    views: [
      { id: 'both', kind: 'grouped', measures: ['created', 'resolved'] },
      { id: 'backlog', kind: 'lines', measures: ['backlog'] },
      { id: 'net', kind: 'grouped', measures: ['net'] },
      { id: 'bmi', kind: 'lines', measures: ['bmi'] },
    ],
  },
  {
    id: 'survival',
    metric: 'survival',
    overTime: false,
    views: [
      { id: 'curve', kind: 'curve', measures: ['unfinished'] },
      { id: 'outcomes', kind: 'curve', measures: ['unfinished', 'fixed', 'set aside'] },
      { id: 'compared', kind: 'curve', measures: ['unfinished'], compared: true },
    ],
  },
  { id: 'lead-time', metric: 'lead-time', overTime: true, views: DURATION },
  { id: 'cycle-time', metric: 'cycle-time', overTime: true, views: DURATION },
  {
    id: 'aging',
    metric: 'aging',
    overTime: false,
    views: [{ id: 'dots', kind: 'aging', measures: ['age'], powers: true }],
  },
  {
    id: 'throughput',
    metric: 'throughput',
    overTime: true,
    views: [{ id: 'done', kind: 'stacked', measures: ['done'] }],
  },
  {
    id: 'time-in-status',
    metric: 'time-in-status',
    overTime: true,
    views: [
      { id: 'unfinished', kind: 'stacked', measures: ['in_progress', 'triaged', 'open'] },
      { id: 'everything', kind: 'stacked', measures: ['done', 'in_progress', 'triaged', 'open'] },
    ],
  },
  { id: 'time-to-triage', metric: 'time-to-triage', overTime: true, views: DURATION },
  { id: 'first-response', metric: 'first-response', overTime: true, views: DURATION },
  {
    id: 'severity-mix',
    metric: 'severity-mix',
    overTime: true,
    views: [
      { id: 'open', kind: 'stacked', measures: of('open') },
      { id: 'arriving', kind: 'stacked', measures: of('arriving') },
    ],
  },
  {
    id: 'reopen-rate',
    metric: 'reopen-rate',
    overTime: true,
    views: [
      { id: 'rate', kind: 'lines', measures: ['rate'] },
      { id: 'counts', kind: 'grouped', measures: ['finished', 'reopened'] },
    ],
  },
  {
    id: 'signals',
    metric: 'signals',
    overTime: true,
    views: ['created', 'resolved', 'net', 'backlog', 'p50'].map((measure) => ({
      id: measure,
      kind: 'limits' as const,
      measures: [measure],
    })),
  },
];

/** Metrics of which `compare` can be asked. */
export const COMPARABLE = [
  'created-resolved',
  'cumulative-flow',
  'severity-mix',
  'throughput',
  'lead-time',
  'cycle-time',
  'time-to-triage',
  'first-response',
  'reopen-rate',
] as const;

/** Return how a chart is shown: as was asked, or by default. */
export const viewOf = (chart: Chart, asked: string | undefined): View =>
  chart.views.find(({ id }) => id === asked) ?? (chart.views[0] as View);

/** Whether numbers of a metric, shown so, can leave days off out. */
export const hasWorkingDays = (
  calendars: readonly string[] | undefined,
  show?: View['show'],
): boolean => (calendars?.includes('business') ?? false) && show !== 'histogram';

/** Return by what a chart is split: by what was asked, where its metric can be. */
export const splitFor = (
  splits: readonly string[] | undefined,
  asked: Split | null,
): Split | null => (asked !== null && splits?.includes(asked) ? asked : null);
