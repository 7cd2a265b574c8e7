import { describe, expect, it } from 'vitest';
import { fits, keyIn, searchFor } from './matching';

describe('the palette', () => {
  it('finds an action by beginnings of its words, in any order', () => {
    expect(fits('Go to insights', 'ins')).toBe(true);
    expect(fits('Go to insights', 'insights go')).toBe(true);
    expect(fits('Go to insights', 'sights')).toBe(false);
    expect(fits('Zurück zur Übersicht', 'übers')).toBe(true);
    expect(fits('Anything', '')).toBe(true);
  });

  it('knows the key of an issue', () => {
    expect(keyIn('web-42')).toBe('WEB-42');
    expect(keyIn(' HADOOP-17000 ')).toBe('HADOOP-17000');
    expect(keyIn('version 2')).toBeNull();
    expect(keyIn('42')).toBeNull();
    expect(keyIn('web-0')).toBeNull();
    expect(keyIn('the web-42')).toBeNull();
  });

  it('searches for what was typed, not for what the filter language would make of it', () => {
    expect(searchFor('  crash   export ')).toBe('crash export');
    expect(searchFor('std::move')).toBe('"std::move"');
    expect(searchFor('say "hello"')).toBe('"say \\"hello\\""');
    expect(searchFor('this OR that')).toBe('"this OR that"');
    expect(searchFor('a -b')).toBe('"a -b"');
    expect(searchFor(' ')).toBe('');
  });
});
