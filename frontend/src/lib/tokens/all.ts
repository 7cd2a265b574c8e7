import { answer, api } from '$lib/api/client';
import type { Token, TokenPage } from '$lib/api/types';

/** Fetch all of one's tokens, those revoked lately too: those in force are not always the newest. */
export async function allTokens(signal: AbortSignal): Promise<Token[]> {
  const found: Token[] = [];
  let cursor: string | null = null;
  do {
    const query = { revoked: true, limit: 200, ...(cursor === null ? {} : { cursor }) };
    const page: TokenPage = await answer(
      api.GET('/api/v1/me/tokens', { params: { query }, signal }),
    );
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}
