import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './access.guard.js';
import type { IngestGrant } from './ingest-key-access.js';

/** The app whose ingest key the request carries, as a handler's parameter. */
export const CurrentIngest = createParamDecorator((_: unknown, context: ExecutionContext): IngestGrant => {
  const { ingest } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!ingest) throw new Error('CurrentIngest is for routes that need an ingest key.');
  return ingest;
});
