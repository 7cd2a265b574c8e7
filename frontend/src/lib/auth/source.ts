/** What a way of signing in offers to the rest. `local` and `clerk` are the two there are. */

export interface SignInSource {
  /** Whether somebody is signed in; null while that is not known yet. */
  readonly signedIn: boolean | null;
  /** A token that will still be good when the request arrives; null without anybody. */
  token(): Promise<string | null>;
  /** Shows where one manages one's account, if there is such a place. */
  manage?(): void;
  /** Ends the session everywhere; resolves when it has ended. */
  signOut(): Promise<void>;
}
