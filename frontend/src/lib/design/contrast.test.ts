import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/lib/design/tokens.css', 'utf8');

/** Return the colour of a token in light (0) and dark (1). */
function token(name: string): [string, string] {
  const found = css.match(new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`));
  if (!found) throw new Error(`there is no token --${name}`);
  return [found[1] ?? '', found[2] ?? ''];
}

// https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe('text can be read (4.5:1)', () => {
  for (const text of ['ink', 'quiet', 'accent', 'past', 'low', 'medium', 'high', 'critical'])
    for (const behind of ['ground', 'surface', 'raised'])
      for (const theme of [0, 1] as const)
        it(`${text} on ${behind}, ${theme ? 'dark' : 'light'}`, () => {
          expect(contrast(token(text)[theme], token(behind)[theme])).toBeGreaterThanOrEqual(4.5);
        });
});
