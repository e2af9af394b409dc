import { PROBLEMS, type ProblemCode } from './problems.js';

/** One wrong part of a request: a JSON pointer to it, a code, and what to do. */
export interface ProblemPart {
  pointer: string;
  code: string;
  detail: string;
}

/** More about a failure than its code and detail. */
export interface AppErrorOptions {
  errors?: ProblemPart[];
  /** Seconds after which trying again makes sense. */
  retryAfterSeconds?: number;
  cause?: unknown;
  /** A 503 of a busy server: counted, not logged, because it comes in thousands. */
  routine?: boolean;
  /** Members added to the problem document, for codes whose clients need more than words. */
  extra?: Record<string, unknown>;
}

/** The one error of the domain: what went wrong as a code of {@link PROBLEMS}, and a sentence that says what to do. */
export class AppError extends Error {
  readonly status: number;
  readonly title: string;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly options: AppErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.name = 'AppError';
    [this.status, this.title] = PROBLEMS[code];
  }
}

/** "Not there", in the same words whether it does not exist or belongs to somebody else. */
export function notFound(what: string): AppError {
  return new AppError('not-found', `There is no such ${what}, or it is not yours to see.`);
}
