import { describe, expect, it } from 'vitest';
import { chips, isComplete, joined, withoutChip } from './chips';

const read = (text: string) => chips(text).map((chip) => [chip.kind, chip.text]);

describe('the chips of a filter', () => {
  it('are its terms, and groups as a whole', () => {
    expect(read('status:open (label:ui OR (a b)) -"two words"')).toEqual([
      ['field', 'status:open'],
      ['group', '(label:ui OR (a b))'],
      ['words', '-"two words"'],
    ]);
    expect(read('a OR -(b c)')).toEqual([
      ['words', 'a'],
      ['or', 'OR'],
      ['group', '-(b c)'],
    ]);
  });

  it('tell the name of a field from its value', () => {
    expect(chips('-created:>=2026-01-01')[0]?.head).toBe('-created:>=');
  });

  it('of a text that is not finished reach to its end', () => {
    expect(read('x (a "b')).toEqual([
      ['words', 'x'],
      ['group', '(a "b'],
    ]);
  });

  it('joined again are the same filter', () => {
    for (const text of [
      'status:open,triaged a',
      'a OR (b -c) sort:-key',
      '-"x y" label:"needs design"',
    ])
      expect(joined(...chips(text).map((chip) => chip.text))).toBe(text);
  });

  it('can be taken out one by one', () => {
    const text = 'a label:x b';
    const [, second] = chips(text);
    expect(second && withoutChip(text, second)).toBe('a b');
  });
});

describe('a draft', () => {
  it('is complete when nothing is to be closed or filled in', () => {
    for (const text of ['crash', 'status:open', '(a OR b)', '"a b"', 'label:"x y",z'])
      expect(isComplete(text), text).toBe(true);
    for (const text of ['', '-', 'status:', 'status:open,', '(a', '"a b', 'label:"x', 'x "\\"'])
      expect(isComplete(text), text).toBe(false);
  });
});
