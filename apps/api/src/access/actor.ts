import type { Role } from '@mosis/db';
import { AppError, notFound } from '../common/app-error.js';
import type { Permission } from './permissions.js';

/** How somebody proved who they are. */
export type Credential =
  | { kind: 'session'; sessionHash: string }
  | {
      kind: 'api_key';
      id: string;
      permissions: ReadonlySet<Permission>;
      appPackageIds: ReadonlySet<string> | null;
      expiresAt: string | null;
    };

/** Who makes a request. Rights are looked up anew for each request, never carried over. */
export interface Actor {
  developerId: string;
  role: Role;
  verified: boolean;
  credential: Credential;
  requestId: string;
}

/** The string under which a credential's idempotency keys and limits are kept. */
export function actorKey(actor: Actor): string {
  return actor.credential.kind === 'api_key' ? `key:${actor.credential.id}` : `developer:${actor.developerId}`;
}

/** Whether a reviewer's or admin's rights apply: only to a person, never to a key. */
export function isStaff(actor: Actor): boolean {
  return actor.credential.kind === 'session' && (actor.role === 'reviewer' || actor.role === 'admin');
}

/** Whether an admin's rights apply. */
export function isAdmin(actor: Actor): boolean {
  return actor.credential.kind === 'session' && actor.role === 'admin';
}

/**
 * Refuses a key that is limited to other apps.
 *
 * @throws AppError `app-not-in-scope`
 */
export function assertAppInScope(actor: Actor, packageId: string): void {
  const { credential } = actor;
  if (credential.kind === 'session' || credential.appPackageIds === null) return;
  if (!credential.appPackageIds.has(packageId.toLowerCase())) {
    throw new AppError(
      'app-not-in-scope',
      `This key may only be used for: ${[...credential.appPackageIds].join(', ')}.`,
    );
  }
}

/** What decides whether somebody may work on an app. */
export interface OwnedApp {
  developer_id: string;
  package_id: string;
  suspended_at: string | null;
}

/**
 * The app when it is the actor's and the key's scope covers it.
 *
 * @throws AppError `not-found` for somebody else's, `app-not-in-scope` for a key limited to others
 */
export function ownApp<App extends OwnedApp>(actor: Actor, app: App | undefined): App {
  if (!app || app.developer_id !== actor.developerId) throw notFound('app');
  assertAppInScope(actor, app.package_id);
  return app;
}

/**
 * The app when the actor may change it: their own, and not suspended.
 *
 * @throws AppError as `ownApp` does, and `app-suspended`
 */
export function ownChangeableApp<App extends OwnedApp>(actor: Actor, app: App | undefined): App {
  const own = ownApp(actor, app);
  if (own.suspended_at !== null) {
    throw new AppError('app-suspended', 'An admin suspended this app. Nothing of it changes until that is lifted.');
  }
  return own;
}
