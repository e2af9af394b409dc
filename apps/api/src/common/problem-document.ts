import { HttpException } from '@nestjs/common';
import { ObjectStoreError } from '@mosis/object-store';
import { PackageError } from '@mosis/package';
import { ScanUnavailableError, SqliteError } from '@mosis/sqlite';
import {
  AnalyticsError,
  DeadlineError,
  QueryError,
  ReaderOverloadedError,
  ReaderUnavailableError,
} from '@mosis/telemetry';
import { AppError, type ProblemPart } from './app-error.js';

/** RFC 9457, with this project's stable `code` and the id under which the request stands in the log. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  request_id: string;
  errors?: ProblemPart[];
  [member: string]: unknown;
}

/** A failure, ready to be answered. */
export interface Problem {
  document: ProblemDocument;
  retryAfterSeconds: number | undefined;
  /** Whether it is the server's fault and belongs in the log with its cause. */
  unexpected: boolean;
}

const INTERNAL = 'The request failed for a reason that is in the server’s log under this request id.';

/** Turns whatever was thrown into a problem document; what nobody foresaw becomes a 500 that says nothing of the inside. */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = toAppError(error);
  if (known instanceof PackageError) {
    return {
      document: {
        ...base(
          known.code === 'package-too-large' ? 413 : 422,
          known.code,
          'The package is refused',
          known.detail,
          requestId,
        ),
        check: known.check,
        ...(known.path === undefined ? {} : { path: known.path }),
        ...(known.evidence === undefined ? {} : { evidence: known.evidence }),
      },
      retryAfterSeconds: undefined,
      unexpected: false,
    };
  }
  if (known instanceof QueryError) {
    return {
      document: base(422, known.code, 'The question cannot be answered', known.message, requestId),
      retryAfterSeconds: undefined,
      unexpected: false,
    };
  }
  const { options } = known;
  return {
    document: {
      ...base(known.status, known.code, known.title, known.detail, requestId),
      ...(options.errors ? { errors: options.errors } : {}),
      ...options.extra,
    },
    retryAfterSeconds: options.retryAfterSeconds ?? (known.status === 503 ? 5 : undefined),
    unexpected: known.status >= 500 && known.code !== 'shutting-down' && !options.routine,
  };
}

function base(status: number, code: string, title: string, detail: string, requestId: string): ProblemDocument {
  return { type: `urn:mosis:problem:${code}`, title, status, code, detail, request_id: requestId };
}

function toAppError(error: unknown): AppError | PackageError | QueryError {
  if (error instanceof AppError || error instanceof PackageError || error instanceof QueryError) return error;
  if (error instanceof DeadlineError) {
    return new AppError(
      'query-too-slow',
      'The question took too long over raw events. Ask for fewer days or groups, or ask timeseries and breakdown.',
      { cause: error },
    );
  }
  if (error instanceof ReaderOverloadedError) {
    return new AppError('overloaded', 'Too many questions wait. Try again in a few seconds.', { routine: true });
  }
  if (error instanceof ReaderUnavailableError || error instanceof AnalyticsError) {
    return new AppError('overloaded', 'Telemetry cannot be read right now. Try again in a few seconds.', {
      cause: error,
      routine: error.reason === 'overloaded',
    });
  }
  if (error instanceof ScanUnavailableError) {
    return error.reason === 'deadline'
      ? new AppError(
          'query-deadline',
          'The query was ended because it ran too long. Narrow it down, or try again later.',
          { cause: error },
        )
      : new AppError('overloaded', 'Too many long queries are running. Try again in a few seconds.', { cause: error });
  }
  if (error instanceof ObjectStoreError) {
    return new AppError(
      'object-store-unavailable',
      'Packages cannot be read or stored right now. Try again in a few seconds.',
      { cause: error },
    );
  }
  if (isDiskFull(error)) {
    return new AppError('disk-full', 'There is no room left on the server. Nothing was changed.', {
      retryAfterSeconds: 60,
      cause: error,
    });
  }
  if (error instanceof HttpException) return fromHttpException(error);
  const framework = fromFastify(error);
  return framework ?? new AppError('internal-error', INTERNAL, { cause: error });
}

function isDiskFull(error: unknown): boolean {
  if (error instanceof SqliteError) return error.code === 'SQLITE_FULL';
  return (error as { code?: unknown } | null)?.code === 'ENOSPC';
}

function fromHttpException(error: HttpException): AppError {
  switch (error.getStatus()) {
    case 404:
      return new AppError('route-not-found', 'There is nothing at this address. The routes are listed at /docs.');
    case 413:
      return new AppError('body-too-large', 'The body is larger than this route accepts.');
    case 415:
      return new AppError('media-type-unsupported', 'This route does not accept that content type.');
    case 400:
      if (/JSON/i.test(error.message)) return new AppError('body-unreadable', 'The body is not valid JSON.');
      return new AppError('request-invalid', 'The request cannot be read.', { cause: error });
    case 414:
      return new AppError('url-too-long', 'The address is too long.');
    default:
      if (error.getStatus() < 500)
        return new AppError('request-invalid', 'The request cannot be read.', { cause: error });
      return new AppError('internal-error', INTERNAL, { cause: error });
  }
}

/** Fastify's own refusals, raised before any of our code runs. */
function fromFastify(error: unknown): AppError | undefined {
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number };
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('body-too-large', 'The body is larger than this route accepts.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('media-type-unsupported', 'Send application/json, or the content type that the route names.');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new AppError('body-unreadable', 'The body is empty although its content type says application/json.');
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new AppError('body-unreadable', 'The body is not as long as Content-Length says.');
    case 'ECONNRESET':
      // The client went away in the middle of its body; nobody reads this.
      return new AppError('request-invalid', 'The connection ended before the request did.');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new AppError('url-too-long', 'The address is too long.');
    default:
  }
  if (error instanceof SyntaxError && statusCode === 400) {
    return new AppError('body-unreadable', 'The body is not valid JSON.');
  }
  if (code?.startsWith('FST_ERR_') && statusCode !== undefined && statusCode < 500) {
    return new AppError('request-invalid', 'The request cannot be read.', { cause: error });
  }
  return undefined;
}
