import { describe, expect, it } from 'vitest';
import { createSequence, strokeOf } from './keys';

const plain = { ctrlKey: false, metaKey: false, altKey: false };

describe('a stroke', () => {
  it('is the key, whatever was held to reach it', () => {
    expect(strokeOf({ ...plain, key: '?' })).toBe('?');
    expect(strokeOf({ ...plain, key: 'C' })).toBe('c');
    expect(strokeOf({ ...plain, key: 'Enter' })).toBe('Enter');
  });

  it('has one name for ⌘ and Ctrl', () => {
    expect(strokeOf({ ...plain, key: 'k', metaKey: true })).toBe('Mod+k');
    expect(strokeOf({ ...plain, key: 'K', ctrlKey: true })).toBe('Mod+k');
  });

  it('is nothing where the key is only held, or is of the system', () => {
    expect(strokeOf({ ...plain, key: 'Shift' })).toBeNull();
    // AltGr of a European keyboard.
    expect(strokeOf({ key: '@', ctrlKey: true, metaKey: false, altKey: true })).toBeNull();
  });
});

describe('a sequence', () => {
  const known = ['g i', 'g b', 'c', 'i'];

  it('is two keys one after the other', () => {
    const sequence = createSequence(1000);
    expect(sequence.take('g', known, 0)).toBeNull();
    expect(sequence.isBegun).toBe(true);
    expect(sequence.take('i', known, 900)).toBe('g i');
    expect(sequence.isBegun).toBe(false);
  });

  it('is forgotten after a while, and the second key means itself', () => {
    const sequence = createSequence(1000);
    sequence.take('g', known, 0);
    expect(sequence.take('i', known, 1001)).toBe('i');
  });

  it('that nobody knows does nothing but what its last key does', () => {
    const sequence = createSequence(1000);
    sequence.take('g', known, 0);
    expect(sequence.take('x', known, 10)).toBeNull();
    sequence.take('g', known, 20);
    expect(sequence.take('c', known, 30)).toBe('c');
  });

  it('can begin again with its first key', () => {
    const sequence = createSequence(1000);
    sequence.take('g', known, 0);
    sequence.take('g', known, 10);
    expect(sequence.take('b', known, 20)).toBe('g b');
  });
});
