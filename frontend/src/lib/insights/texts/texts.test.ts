import { expect, it } from 'vitest';
import { de } from './de';
import { definitionIn } from './definitions';
import definitions from './definitions.json';
import { en } from './en';

const places = (message: unknown) =>
  [...new Set((JSON.stringify(message).match(/\{\w+\}/g) ?? []).sort())].join();

it('the texts of the page have the same places in every language', () => {
  for (const [key, message] of Object.entries(en))
    expect(`${key} ${places(de[key as keyof typeof en])}`).toBe(`${key} ${places(message)}`);
});

it('a definition is shown in German where it is the one that was translated', async () => {
  const { en: original, de: translated } = definitions.throughput;
  expect(await definitionIn('de', 'throughput', original)).toEqual({
    text: translated,
    language: 'de',
  });
  expect(await definitionIn('en', 'throughput', original)).toEqual({
    text: original,
    language: 'en',
  });
});

it('a definition that is not known here, or has changed, is shown as the API gives it', async () => {
  const said = { text: 'Something else.', language: 'en' };
  expect(await definitionIn('de', 'throughput', said.text)).toEqual(said);
  expect(await definitionIn('de', 'of a plugin', said.text)).toEqual(said);
});
