import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor } from './actor.js';
import type { GuardedRequest } from './access.guard.js';

/** The actor of a guarded request, as a handler's parameter. */
export const CurrentActor = createParamDecorator((_: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!actor) throw new Error('CurrentActor is for routes that need a credential.');
  return actor;
});
