/** Errors of the API (RFC 9457), and what went wrong before there was an answer. */

import type { components } from './schema';

export type Problem = components['schemas']['Problem'];
export type Fault = components['schemas']['Fault'];

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
