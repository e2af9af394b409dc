import { UseInterceptors, applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

const header = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Any text of your own, up to 255 characters: the same request with the same key is done once, for 24 hours.',
});

/** The route honours `Idempotency-Key`: what it changes is committed with `IdempotencyService.remember`. */
export const Idempotent = () => applyDecorators(UseInterceptors(IdempotencyInterceptor), header);

/** The route honours `Idempotency-Key` by itself, because its body is known only when it has arrived. */
export const IdempotentUpload = () => applyDecorators(header);
