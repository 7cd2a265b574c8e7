import { describe, expect, it } from 'vitest';
import { FIELDS } from '../filter/suggest';
import { de as insights } from '../insights/texts/de';
import { de } from './de';
import { en } from './en';
import { fill, type Message } from './message';

const places = (message: Message) =>
  [...new Set((JSON.stringify(message).match(/\{\w+\}/g) ?? []).sort())].join();

describe('the catalogue', () => {
  it('has the same places in every language', () => {
    for (const [key, message] of Object.entries(en))
      expect(`${key} ${places(de[key as keyof typeof en])}`).toBe(`${key} ${places(message)}`);
  });

  it('has one form of address and one name for each role in German', () => {
    const texts = Object.entries({ ...de, ...insights }).map((entry) => JSON.stringify(entry));
    expect(texts.filter((text) => /\b(du|dich|dir|deine?[mnrs]?)\b/i.test(text))).toEqual([]);
    expect(texts.filter((text) => /,.*\b(Maintainer|Admin)\b/.test(text))).toEqual([]);
  });

  it('says of every field that a filter can ask for what it is', () => {
    expect(FIELDS.map(({ name }) => `filter.field.${name}`).filter((key) => !(key in en))).toEqual(
      [],
    );
  });

  it('writes numbers as the language does and chooses the plural', () => {
    const message = { one: '{count} issue', other: '{count} issues' };
    expect(fill(message, { count: 1 }, 'en')).toBe('1 issue');
    expect(fill(message, { count: 12345 }, 'de')).toBe('12.345 issues');
  });
});
