import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { Readable } from 'node:stream';
import { AppError, type ProblemPart } from './app-error.js';
import { toPointer } from './json-pointer.js';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined;
  readonly code?: string;
  readonly keys?: readonly string[];
}

/** Nest's schema pipe with our answer: 422, every wrong part by its JSON pointer. */
@Injectable()
export class SchemaPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => toValidationError(issues) });
  }

  /** @throws AppError `body-unreadable` for nothing, `media-type-unsupported` for bytes, `validation-failed` */
  override async transform<Result>(value: Result, metadata: ArgumentMetadata): Promise<Result> {
    if (metadata.schema && metadata.type === 'body' && value === undefined) {
      throw new AppError('body-unreadable', 'This route wants a body: send it as application/json.');
    }
    if (metadata.schema && metadata.type === 'body' && (Buffer.isBuffer(value) || value instanceof Readable)) {
      throw new AppError('media-type-unsupported', 'Send application/json.');
    }
    return super.transform(value, metadata);
  }

  /** Nest drops `prototype` and `constructor` in silence; here an unknown key is refused, these two like all others. */
  protected override stripProtoKeys(): void {}
}

/** Makes the `validation-failed` error of a list of schema issues. */
export function toValidationError(issues: readonly Issue[]): AppError {
  const errors = issues.flatMap(toParts).slice(0, 50);
  const [first] = errors;
  return new AppError(
    'validation-failed',
    first ? `${first.pointer || 'body'}: ${first.detail}` : 'The request is not valid.',
    { errors },
  );
}

function toParts(issue: Issue): ProblemPart[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  if (issue.code === 'unrecognized_keys' && issue.keys) {
    return issue.keys.map((key) => ({
      pointer: toPointer([...path, key]),
      code: 'unknown-key',
      detail: 'This key is not known here.',
    }));
  }
  return [{ pointer: toPointer(path), code: (issue.code ?? 'invalid').replaceAll('_', '-'), detail: issue.message }];
}
