/**
 * Markdown (GitHub's flavour) to HTML that is safe to show. Loaded when first needed.
 * What comes out has passed DOMPurify: no script, no style, no form, no image of another host.
 */

import DOMPurify from 'dompurify';
import { Marked } from 'marked';
import { issueKeys, mayMentionIssues, type HrefOf } from './issue-keys';

/** The address of an attachment, as the editor writes it. */
const OWN = /^\/api\/v1\/attachments\/(\d+)\/content$/;

const purify = DOMPurify(window);

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node instanceof HTMLAnchorElement) {
    node.rel = 'noopener noreferrer nofollow';
    if (node.origin !== location.origin) node.target = '_blank';
  }
  // Files of issues are asked for with the token, which an address cannot hold.
  if (node instanceof HTMLImageElement) {
    const file = OWN.exec(node.getAttribute('src') ?? '');
    if (file?.[1]) {
      node.removeAttribute('src');
      node.dataset.attachment = file[1];
      return;
    }
  }
  // An image elsewhere would tell that host who reads this, and the policy of the page refuses it.
  if (
    node instanceof HTMLImageElement &&
    new URL(node.src, location.href).origin !== location.origin
  ) {
    const link = document.createElement('a');
    link.href = node.src;
    link.textContent = node.alt || node.src;
    link.rel = 'noopener noreferrer nofollow';
    link.target = '_blank';
    node.replaceWith(link);
  }
  if (node instanceof HTMLInputElement) {
    if (node.type !== 'checkbox') node.remove();
    node.disabled = true;
    // What is to be done is the name of its box.
    node.setAttribute('aria-label', node.closest('li')?.textContent.trim() || '…');
  }
});

/** Return the HTML of a Markdown text; keys of issues that `hrefOf` knows are links. */
export function render(markdown: string, hrefOf: HrefOf = () => null): string {
  const marked = new Marked({ gfm: true, breaks: true });
  if (mayMentionIssues(markdown)) marked.use({ extensions: [issueKeys(hrefOf)] });
  const html = marked.parse(markdown, { async: false });
  return purify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: [
      ...['style', 'form', 'button', 'textarea', 'select', 'video', 'audio'],
      // What runs or blinks cannot be stopped, whatever motion its reader wants.
      ...['marquee', 'blink'],
    ],
    FORBID_ATTR: ['style', 'class', 'id', 'name', 'srcset'],
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  });
}
