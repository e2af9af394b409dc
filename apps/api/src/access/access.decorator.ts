import { SetMetadata } from '@nestjs/common';
import type { Role } from '@mosis/db';
import type { Permission } from './permissions.js';

/**
 * What a route needs. `public`: nothing. `session`: a signed-in person. `permission`: a signed-in person, or a key that
 * has it. `role`: a signed-in person with that role or a higher one. `ingest_key`: a device that sends with an app's key.
 */
export type AccessRule =
  | { kind: 'public' }
  | { kind: 'ingest_key' }
  | { kind: 'session' }
  | { kind: 'permission'; permission: Permission }
  | { kind: 'role'; role: Exclude<Role, 'developer'> };

/** Metadata key of a route's {@link AccessRule}. */
export const ACCESS_RULE = Symbol('access-rule');

/** Declares what a route needs; a route without it admits nobody. */
export const Access = (rule: AccessRule) => SetMetadata(ACCESS_RULE, rule);
