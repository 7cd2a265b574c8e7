import { expect, test } from 'vitest';
import { describe } from './describe';

const labels = (old: string[], now: string[]) =>
  describe({ kind: 'changed', field: 'labels', old, new: now }, String);

test('what was done to labels says that they are labels, and where each ends', () => {
  expect(labels([], ['text'])).toBe('added the label “text”');
  expect(labels(['text'], ['needs info', 'ui'])).toBe(
    'added the labels “needs info”, “ui”, removed the label “text”',
  );
});
