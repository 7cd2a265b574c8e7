/**
 * The way to the API: `await answer(api.GET('/api/v1/issues/{key}', { params: … }))` returns the
 * body or throws an `ApiError`. Paths, parameters and bodies are typed by the API's own document.
 */

import { base } from '$app/paths';
import createClient, { type Middleware } from 'openapi-fetch';
import type { paths } from './schema';
import { ApiError, type Problem } from './problem';

type Token = () => Promise<string | null>;

let token: Token = () => Promise.resolve(null);
let refused: () => void = () => undefined;

/** Say where tokens come from, and whom to tell of one that was refused. Only `auth` does. */
export function authorizeBy(source: Token, onRefused: () => void): void {
  token = source;
  refused = onRefused;
}

/** A header that lets the API carry out a creation once, however often it is sent. */
export function idempotent(key: string = crypto.randomUUID()): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': key };
}

/** A header by which a change is refused (412) unless `version` is still the newest. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}

/** The header of a signed request, for those that openapi-fetch cannot make, as an upload with its progress. */
export async function authorization(): Promise<Record<string, string>> {
  const current = await token();
  return current ? { Authorization: `Bearer ${current}` } : {};
}

/** The turns of requests under way, and the place in the log that the first answer told. */
const turns = new WeakMap<Request, number>();
let turn = 0;
let first = { turn: Infinity, place: '' };

/**
 * The place in the log before anything was read: who follows changes from there misses none. Empty
 * where the server told none, or where somebody has it already.
 */
export function takeFirstPlace(): string {
  const { place } = first;
  first = { turn: -1, place: '' };
  return place;
}

const signed: Middleware = {
  async onRequest({ request }) {
    turns.set(request, turn++);
    // Asked for at each call: the source keeps it and renews it before it ends.
    for (const [name, value] of Object.entries(await authorization()))
      request.headers.set(name, value);
    return request;
  },
  onResponse({ request, response }) {
    if (response.status === 401) refused();
    const its = turns.get(request) ?? Infinity;
    if (its < first.turn) first = { turn: its, place: response.headers.get('Last-Event-ID') ?? '' };
  },
};

export const api = createClient<paths>({ baseUrl: location.origin + base });
api.use(signed);

/** For the few addresses that are open to everybody. */
export const unsigned = createClient<paths>({ baseUrl: location.origin + base });

interface Result<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Return the body of an answer. Throws `ApiError` for a refusal and for a network that is away. */
export async function answer<T>(request: Promise<Result<T>>): Promise<T> {
  return (await answered(request)).body;
}

/** As `answer`, with the change-set that the answer names: what would undo it. */
export async function answered<T>(
  request: Promise<Result<T>>,
): Promise<{ body: T; changeSet: string | null }> {
  let result: Result<T>;
  try {
    result = await request;
  } catch (error) {
    // A request that was called off is no failure, and TanStack Query knows it by its name.
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, null);
  }
  if (!result.response.ok) throw new ApiError(result.response.status, asProblem(result.error));
  return { body: result.data as T, changeSet: result.response.headers.get('Change-Set') };
}

function asProblem(body: unknown): Problem | null {
  return body !== null && typeof body === 'object' && 'detail' in body ? (body as Problem) : null;
}
