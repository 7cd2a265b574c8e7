/** What a text of the catalogue may be, and what it has to be given. */

/** A text with `{places}`, or one for each plural category of `{count}`. */
export type Message = string | { one: string; other: string };

type PlacesIn<Text extends string> = Text extends `${string}{${infer Place}}${infer Rest}`
  ? Place | PlacesIn<Rest>
  : never;

type Places<Of extends Message> = Of extends string
  ? PlacesIn<Of>
  : Of extends { one: string; other: infer Other extends string }
    ? 'count' | PlacesIn<Other>
    : never;

/** The second argument of `t`: none for a plain text, else every place and no other. */
export type Given<Of extends Message> = [Places<Of>] extends [never]
  ? []
  : [{ [Place in Places<Of>]: Place extends 'count' ? number : string | number }];

/** Put what is given into the places of a message; numbers as `locale` writes them. */
export function fill(
  message: Message,
  given: Record<string, string | number>,
  locale: string,
): string {
  const text =
    typeof message === 'string'
      ? message
      : new Intl.PluralRules(locale).select(Number(given.count)) === 'one'
        ? message.one
        : message.other;
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = given[name];
    if (value === undefined) return place;
    return typeof value === 'number' ? value.toLocaleString(locale) : value;
  });
}
