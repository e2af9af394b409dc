import { isSignedOut, toApiError, unreachable, type ApiError } from './problem';
import type { Operations } from './schema';

/** An operation of the API by its method and path, such as `GET /v1/me`. */
export type Operation = keyof Operations;
/** What an operation answers. */
export type Answer<K extends Operation> = Operations[K]['answer'];
/** The query parameters of an operation. */
export type QueryOf<K extends Operation> = NonNullable<Operations[K]['query']>;
/** The JSON body of an operation. */
export type BodyOf<K extends Operation> = Operations[K]['body'];

type PathOf<K extends Operation> = { [Name in keyof Operations[K]['path']]: string | number };
type Needed<Name extends string, Value> = [Value] extends [undefined] ? unknown : { [N in Name]: Value };

/** What a call needs: exactly the parts that its operation has. */
export type Input<K extends Operation> = Needed<
  'path',
  Operations[K]['path'] extends undefined ? undefined : PathOf<K>
> &
  Needed<'body', Operations[K]['body']> & { query?: Operations[K]['query']; signal?: AbortSignal };

type Listener = (error: ApiError) => void;
const signedOutListeners = new Set<Listener>();

/** Calls back whenever an answer says that the session is over. Answers how to stop. */
export function onSignedOut(listener: Listener): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/**
 * Calls the API with the session cookie.
 *
 * @throws ApiError for everything that is not a success
 */
export async function call<K extends Operation>(operation: K, input: Input<K>): Promise<Answer<K>> {
  const answer = await send(operation, input);
  if (answer.status === 204) return undefined;
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
  return (isJson ? await answer.json() : await answer.blob()) as Answer<K>;
}

/** The address of an operation, for links and pictures. */
export function addressOf(operation: Operation, path: Record<string, string | number>, query: object = {}): string {
  const pattern = operation.slice(operation.indexOf(' ') + 1);
  // The name of a file inside a package is a path itself: its slashes stay.
  const filled = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    String(path[name]).split('/').map(encodeURIComponent).join('/'),
  );
  const entries = Object.entries(query as Record<string, unknown>).filter(
    ([, value]) => value !== undefined && value !== '',
  );
  const search = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

async function send(operation: Operation, input: object): Promise<Response> {
  const { path, query, body, signal } = input as {
    path?: Record<string, string | number>;
    query?: object;
    body?: unknown;
    signal?: AbortSignal;
  };
  const init: RequestInit = { method: operation.slice(0, operation.indexOf(' ')), credentials: 'same-origin' };
  if (signal) init.signal = signal;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  const answer = await fetch(addressOf(operation, path ?? {}, query), init).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw unreachable();
  });
  if (answer.ok) return answer;
  const refusal = await toApiError(answer);
  if (isSignedOut(refusal)) for (const listener of signedOutListeners) listener(refusal);
  throw refusal;
}
