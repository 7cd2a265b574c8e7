/** Keys of issues in a text, as links to those issues: an extension of marked. */

import type { TokenizerExtension } from 'marked';

/** Returns the address of the issue with that key; null where there is no such project. */
export type HrefOf = (key: string) => string | null;

/** The grammar of the API's keys. Part of a longer word, of a number or of a path it is none. */
const KEY =
  /(?<![\p{L}\p{N}_./=@-])[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8}(?![\p{L}\p{N}_]|[.@-][\p{L}\p{N}])/u;
const AT_START = new RegExp(`^${KEY.source}`, KEY.flags);
const AFTER_WORD = /[\p{L}\p{N}_./=@-]$/u;

/**
 * The next key, or the place where marked ends a plain text at the latest: looked for beyond that,
 * time and again, keys would take the square of the length of the text.
 */
const NEXT = new RegExp(`(?<key>${KEY.source})|[\\\\<![\`*~]|(?!^)\\b_`, KEY.flags);

/** Whether something in a text looks like the key of an issue: SHA-256 does, too. */
export const mayMentionIssues = (text: string): boolean => KEY.test(text);

export function issueKeys(hrefOf: HrefOf): TokenizerExtension {
  return {
    name: 'issueKey',
    level: 'inline',
    start(text) {
      const next = NEXT.exec(text);
      return next?.groups?.key ? next.index : undefined;
    },
    tokenizer(text, before) {
      const { inLink, inRawBlock } = this.lexer.state;
      const key = inLink || inRawBlock ? undefined : AT_START.exec(text)?.[0];
      if (!key || AFTER_WORD.test(before.at(-1)?.raw.slice(-2) ?? '')) return undefined;
      const href = hrefOf(key);
      if (!href) return undefined;
      const tokens = [{ type: 'text', raw: key, text: key, escaped: false }];
      return { type: 'link', raw: key, href, title: null, text: key, tokens };
    },
  };
}
