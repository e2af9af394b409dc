import type { Problem } from './schema';

/** One wrong part of a request, by a JSON pointer into its body or query. */
export interface ProblemPart {
  pointer: string;
  code: string;
  detail: string;
}

/** A request that was refused or did not arrive. Switch on `code`; `message` is for people and says what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: string,
    /** 0 when there was no answer at all. */
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly parts: readonly ProblemPart[] = [],
    readonly requestId: string | undefined = undefined,
    readonly retryAfterSeconds: number | undefined = undefined,
  ) {
    super(detail);
  }

  /** What is wrong with one member of the body, for the field that shows it. */
  partFor(pointer: string): string | undefined {
    return this.parts.find((part) => part.pointer === pointer)?.detail;
  }
}

/** Nobody is signed in, or not any more. A wrong password is something else. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && error.code.startsWith('credential-');
}

/** The account may not do this. */
export function isDenied(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}

/** Reads a problem document; a body that is none (a proxy's page) still makes an error that says what to do. */
export async function toApiError(answer: Response): Promise<ApiError> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
  const seconds = Number.isFinite(retryAfter) ? retryAfter : undefined;
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  if (!isProblem) {
    const detail = `Something between here and the server answered ${answer.status}. Try again; if it stays, look at the proxy.`;
    return new ApiError(
      'answer-unreadable',
      answer.status,
      'The answer cannot be read',
      detail,
      [],
      undefined,
      seconds,
    );
  }
  const { code, status, title, detail, errors, request_id } = (await answer.json()) as Problem;
  return new ApiError(code, status, title, detail, errors ?? [], request_id, seconds);
}

/** No answer: the server is down or the network is. */
export function unreachable(): ApiError {
  return new ApiError(
    'server-unreachable',
    0,
    'The server cannot be reached',
    'Nothing was changed, as far as this page knows. Check the connection and try again.',
  );
}
