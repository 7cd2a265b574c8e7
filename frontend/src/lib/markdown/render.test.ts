// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { render } from './render';

describe('rendered Markdown', () => {
  it('is of GitHub’s flavour', () => {
    const html = render('| a |\n|---|\n| ~~b~~ |\n\n- [x] done\n\nhttps://example.org');
    for (const part of ['<table>', '<del>b</del>', 'type="checkbox"', 'disabled', '<a href='])
      expect(html).toContain(part);
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<svg onload=alert(1)>',
    '<iframe src="https://example.org"></iframe>',
    '<form action="https://example.org"><input name=a><button>x</button></form>',
    '<p style="position:fixed">x</p>',
    '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
    '<details ontoggle=alert(1) open>x</details>',
  ])('does nothing of itself: %s', (text) => {
    const holder = document.createElement('div');
    holder.innerHTML = render(text);
    expect(holder.querySelector('script, iframe, form, button, svg, math, style')).toBeNull();
    for (const node of holder.querySelectorAll('*'))
      for (const { name, value } of node.attributes) {
        expect(name).not.toMatch(/^on|style/);
        expect(value).not.toMatch(/javascript:/i);
      }
  });

  it('shows an image of another host as a link', () => {
    const html = render('![a cat](https://example.org/cat.png)');
    expect(html).not.toContain('<img');
    expect(html).toContain('href="https://example.org/cat.png"');
    expect(html).toContain('a cat');
  });

  it('keeps an image of this host', () => {
    expect(render('![a](/api/v1/attachments/1/content)')).toContain('<img');
  });
});
