/** Errors of the API (RFC 9457), and what went wrong before there was an answer. */

import type { components } from './schema';

export type Problem = components['schemas']['Problem'];
export type Fault = components['schemas']['Fault'];

/** Refusals of the moment: the session has ended, others were faster, or too much came at once. */
const MAY_PASS = new Set([401, 408, 409, 425, 429]);

/** A request that the API has refused, or that never reached it (`status` 0). */
export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    readonly status: number,
    readonly problem: Problem | null,
  ) {
    super(problem?.detail ?? `status ${status}`);
  }

  /** The network or the server is away: worth another try. */
  get isOffline(): boolean {
    return this.status === 0;
  }

  /** The same request would be refused again: neither time nor another sign-in changes the answer. */
  get isForGood(): boolean {
    return this.status >= 400 && this.status < 500 && !MAY_PASS.has(this.status);
  }

  /** What was sent was made from a version that is no longer the newest. */
  get isStale(): boolean {
    return this.status === 412;
  }

  /** It was deleted, and who asks may bring it back. */
  get isRestorable(): boolean {
    return this.status === 404 && this.problem?.restorable === true;
  }

  /** The fault of one field (`/title`) or query parameter (`?q`). */
  fault(pointer: string): Fault | undefined {
    return this.problem?.errors?.find((fault) => fault.pointer === pointer);
  }
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, null);
}
