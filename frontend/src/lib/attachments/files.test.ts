import { expect, it } from 'vitest';
import type { Attachment } from '$lib/api/types';
import { placeFor, reference, sizeText, withoutPlaces, withReference } from './files';

it('sizes are written with the unit that suits them', () => {
  expect(sizeText(1, 'en')).toBe('1 byte');
  expect(sizeText(999, 'en')).toBe('999 bytes');
  expect(sizeText(1_400_000, 'en')).toBe('1.4 MB');
  expect(sizeText(25_000, 'de')).toBe('25 kB');
});

it('an image is shown in the text, another file linked', () => {
  const file = { id: 7, name: 'a [b].png', content_type: 'image/png' } as Attachment;
  expect(reference(file)).toBe('![a  b .png](/api/v1/attachments/7/content)');
  expect(reference({ ...file, content_type: 'application/pdf' })).toMatch(/^\[/);
});

it('a text is saved without the places of files that have not arrived', () => {
  const text = `Before\n${placeFor('a [b].png')}\n![there](/x)${placeFor('c.txt')} after`;
  expect(withoutPlaces(text)).toBe('Before\n![there](/x) after');
});

it('what a text says of a file comes into its place, whatever the name', () => {
  for (const name of ['a.png', "$& $' $$.png", 'a [b].png']) {
    const file = { id: 7, name, content_type: 'image/png' } as Attachment;
    const text = `Before ${placeFor(name)} after`;
    expect(withReference(text, name, reference(file))).toBe(`Before ${reference(file)} after`);
    expect(withReference(text, name, null)).toBe('Before  after');
  }
});
