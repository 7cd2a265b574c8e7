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

  it.each(['marquee', 'blink'])('neither runs nor blinks, and keeps the text: %s', (tag) => {
    const holder = document.createElement('div');
    holder.innerHTML = render(`<${tag}>still here</${tag}>`);
    expect(holder.querySelector(tag)).toBeNull();
    expect(holder.textContent.trim()).toBe('still here');
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

  describe('that mentions issues', () => {
    const hrefOf = (key: string) => (key.startsWith('WEB-') ? `/issues/${key}?as_of=1` : null);
    function links(text: string) {
      const holder = document.createElement('div');
      holder.innerHTML = render(text, hrefOf);
      return [...holder.querySelectorAll('a')].map((link) => [
        link.textContent,
        link.getAttribute('href'),
      ]);
    }
    const LINK = ['WEB-1', '/issues/WEB-1?as_of=1'];

    it.each([
      'WEB-1',
      'as in WEB-1, but',
      'See WEB-1.',
      '(WEB-1)',
      '**WEB-1**',
      '# On WEB-1',
      '- [ ] WEB-1',
      '| a |\n|---|\n| WEB-1 |',
      'a_b WEB-1',
      'WEB-1: SHA-256 of UTF-8',
    ])('links to them: %s', (text) => {
      expect(links(text)).toEqual([LINK]);
    });

    it('links to each', () => {
      expect(links('WEB-1 WEB-2,WEB-3').map(([text]) => text)).toEqual(['WEB-1', 'WEB-2', 'WEB-3']);
    });

    it.each([
      '`WEB-1`',
      '```\nWEB-1\n```',
      '    WEB-1',
      '<code>WEB-1</code>',
      'X-WEB-1',
      'XWEB-1',
      'foo_WEB-1',
      'WEB-1a',
      'WEB-1-2',
      'WEB-1.5',
      'WEB-0',
      'web-1',
      'ÄWEB-1',
      '/browse/WEB-1',
    ])('links to nothing from code and parts of words: %s', (text) => {
      expect(links(text)).toEqual([]);
    });

    it.each([
      'https://example.org/WEB-1',
      'www.example.org/?q=WEB-1',
      '[see **WEB-1**](https://example.org)',
      '<a href="https://example.org">see WEB-1</a>',
      '![WEB-1](https://example.org/cat.png)',
      'WEB-1@example.org',
    ])('leaves other links as they are: %s', (text) => {
      const hrefs = links(text).map(([, href]) => href);
      expect(hrefs).toHaveLength(1);
      expect(hrefs[0]).toContain('example.org');
    });
  });
});
