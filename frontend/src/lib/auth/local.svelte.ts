/** Local sign-in: the instance itself vouches for whoever one says one is. */

import { answer, unsigned } from '$lib/api/client';
import type { Role } from '$lib/api/types';
import { readStored, writeStored } from '$lib/state/stored';
import type { SignInSource } from './source';

const WHO = 'local-sign-in';
const KNOWN = 'local-sign-in-known';
/** A token is renewed this long before it ends: longer than any request takes to arrive. */
const MARGIN_MS = 15_000;
const MOST_KNOWN = 6;

interface LocalPerson {
  email: string;
  name?: string;
}

/** What is asked for at a sign-in; left out, name and role stay as they were. */
export interface LocalCredentials extends LocalPerson {
  role?: Role;
}

class LocalSource implements SignInSource {
  #who = $state<LocalPerson | null>(readStored(WHO, null));
  #token: { text: string; expires: number } | null = null;
  #asking: Promise<string> | null = null;

  constructor() {
    // Signing out in one window signs out in all.
    addEventListener('storage', (event) => {
      if (event.key !== WHO) return;
      this.#token = null;
      this.#who = readStored(WHO, null);
    });
  }

  get signedIn(): boolean {
    return this.#who !== null;
  }

  async token(): Promise<string | null> {
    if (this.#token && this.#token.expires - Date.now() > MARGIN_MS) return this.#token.text;
    const who = this.#who;
    if (!who) return null;
    // Requests that start together share one renewal.
    this.#asking ??= this.#ask({ email: who.email }).finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** Become somebody. Throws `ApiError`. */
  async signIn(credentials: LocalCredentials): Promise<void> {
    await this.#ask(credentials);
    const { email, name } = credentials;
    const others = this.known().filter((person) => person.email !== email);
    writeStored(KNOWN, [credentials, ...others].slice(0, MOST_KNOWN));
    writeStored(WHO, { email, name });
    this.#who = { email, name };
  }

  async signOut(): Promise<void> {
    this.#token = null;
    this.#who = null;
    writeStored(WHO, null);
  }

  /** Those who have signed in here before, the last one first. */
  known(): LocalCredentials[] {
    return readStored<LocalCredentials[]>(KNOWN, []);
  }

  async #ask(body: LocalCredentials): Promise<string> {
    const { token, expires_at } = await answer(unsigned.POST('/api/v1/sign-in/local', { body }));
    this.#token = { text: token, expires: new Date(expires_at).getTime() };
    return token;
  }
}

export const local = new LocalSource();
