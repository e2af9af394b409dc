import { SetMetadata, UseInterceptors, applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IDEMPOTENT, type IdempotentOptions } from './idempotent-options.js';

const header = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Any text of your own, up to 255 characters: the same request with the same key is done once, for 24 hours.',
});

/** The route honours `Idempotency-Key`. */
export const Idempotent = (options: IdempotentOptions = {}) =>
  applyDecorators(SetMetadata(IDEMPOTENT, options), UseInterceptors(IdempotencyInterceptor), header);

/** The route honours `Idempotency-Key` by itself, because its body is known only when it has arrived. */
export const IdempotentUpload = () => applyDecorators(header);
