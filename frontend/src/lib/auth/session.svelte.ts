/**
 * Who is signed in. The rest of the code asks here and does not know how people sign in:
 * `session.state`, `session.signOut()`, and `me` for what they may do.
 */

import { answer, authorizeBy, unsigned } from '$lib/api/client';
import { queryClient } from '$lib/api/queries';
import type { FrontendConfig } from '$lib/api/types';
import { writeStored } from '$lib/state/stored';
import { local } from './local.svelte';
import type { SignInSource } from './source';

/** Kept while somebody is signed in: the page shows the frame of the app before its code is there. */
const SIGNED_IN = 'signed-in';

type State = 'starting' | 'unavailable' | 'signed-out' | 'signed-in';

class Session {
  config = $state.raw<FrontendConfig | null>(null);
  #source = $state.raw<SignInSource | null>(null);
  /** Whether what people sign in with did not load. */
  failed = $state(false);
  /** Whether a token that we held was refused: the sign-in screen says so. */
  refused = $state(false);

  get state(): State {
    if (!this.#source || this.#source.signedIn === null)
      return this.failed ? 'unavailable' : 'starting';
    return this.#source.signedIn ? 'signed-in' : 'signed-out';
  }

  /** Get ready for the way people sign in here. Throws `ApiError`. */
  async start(): Promise<void> {
    const config = toldByPage() ?? (await answer(unsigned.GET('/config.json')));
    if (config.sign_in === 'local') this.use(local);
    this.config = config;
  }

  /** Take tokens from `source`. Clerk's comes with its component, once that has loaded. */
  use(source: SignInSource): void {
    this.#source = source;
    authorizeBy(
      () => source.token(),
      () => void this.#onRefused(),
    );
  }

  /** Shows where one manages one's account; undefined where there is no such place. */
  get manage(): (() => void) | undefined {
    return this.#source?.manage?.bind(this.#source);
  }

  /** Say that somebody has got in. */
  entered(): void {
    writeStored(SIGNED_IN, true);
  }

  async signOut(): Promise<void> {
    await this.#source?.signOut();
    writeStored(SIGNED_IN, null);
    // Nothing of one person may be there for the next.
    queryClient.clear();
  }

  async #onRefused(): Promise<void> {
    if (this.state !== 'signed-in') return;
    this.refused = true;
    await this.signOut();
  }
}

/** The instance writes into its page how people sign in; a page of the development server has to ask. */
function toldByPage(): FrontendConfig | null {
  const told = document.getElementById('config')?.textContent;
  return told ? (JSON.parse(told) as FrontendConfig) : null;
}

export const session = new Session();
