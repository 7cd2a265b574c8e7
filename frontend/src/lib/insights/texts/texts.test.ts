import { expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';

const places = (message: unknown) =>
  [...new Set((JSON.stringify(message).match(/\{\w+\}/g) ?? []).sort())].join();

it('the texts of the page have the same places in every language', () => {
  for (const [key, message] of Object.entries(en))
    expect(`${key} ${places(de[key as keyof typeof en])}`).toBe(`${key} ${places(message)}`);
});
