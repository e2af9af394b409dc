import { PERMISSIONS, type Permission } from '../../src/access/permissions.js';

/** Whom a route is for: anybody, a person, a person or a key with one permission, staff, a device with an ingest key. */
export type Needs = 'nothing' | 'ingest key' | 'session' | Permission | 'reviewer' | 'admin';

/** One route of the contract, and a request to it that changes nothing that another row looks at. */
export interface RouteRow {
  route: string;
  needs: Needs;
  /** What somebody who is let in gets: a status, and the code of a refusal that only they can reach. */
  admitted: string;
  /** The request concerns an app of the owner: strangers get 404; `write` is refused while the app is suspended. */
  app?: 'read' | 'write';
  /** Of an app that was submitted, reviewers and admins may read this. */
  staffMayRead?: true;
  /** Admins, and of staff only they, may do this to any app. */
  adminMay?: true;
  /** A key limited to other apps is refused although no app is in the path. */
  namesApp?: true;
  /** An unverified account is refused. */
  verifiedOnly?: true;
  /** Ends the session, so no session that is let in tries it here; its own tests do. */
  endsCredential?: true;
  url?: string;
  body?: unknown;
}

/** Names in paths that stand for what the matrix made. */
export interface Targets {
  /** Published in version 1, with a draft of version 2 and an icon. */
  published: string;
  /** Never published. */
  draft: string;
  icon: string;
  ownerId: string;
}

const NOBODY = '01900000-0000-7000-8000-000000000000';
const ZEROS = '0'.repeat(64);
const INVALID = '422 validation-failed';
const own = (app: 'read' | 'write', more: Partial<RouteRow> = {}) => ({ app, ...more });
const report = { app: 'read', adminMay: true } as const;
const read = { app: 'read', staffMayRead: true } as const;

const APP = '/v1/apps/{published}';
const TELEMETRY = `${APP}/telemetry`;
const DRAFT = '/v1/apps/{draft}';
const PUBLISHED_VERSION = `${APP}/versions/1`;
const DRAFT_VERSION = `${APP}/versions/2`;
const ADMIN_VERSION = '/v1/admin/apps/{published}/versions/2';

function row(route: string, needs: Needs, admitted: string, more: Partial<RouteRow> = {}): RouteRow {
  return { route, needs, admitted, ...more };
}

/** Every route there is. A route that is missing here fails the matrix, and so does a line without a route. */
export const ROUTES: RouteRow[] = [
  row('GET /openapi.json', 'nothing', '200'),
  row('GET /docs', 'nothing', '200'),
  row('GET /docs/', 'nothing', '308'),
  row('GET /docs/reference.js', 'nothing', '200'),
  row('GET /docs/*', 'nothing', '200', { url: '/docs/ui/swagger-ui.css' }),
  row('GET /admin', 'nothing', '308'),
  row('GET /admin/*', 'nothing', '200', { url: '/admin/reviews' }),
  row('GET /healthz', 'nothing', '200'),
  row('GET /readyz', 'nothing', '200'),
  row('GET /metrics', 'nothing', '200'),

  row('POST /v1/auth/register', 'nothing', INVALID, { body: {} }),
  row('POST /v1/auth/verify-email', 'nothing', INVALID, { body: {} }),
  row('POST /v1/auth/login', 'nothing', INVALID, { body: {} }),
  row('POST /v1/auth/logout', 'nothing', '204', { endsCredential: true }),
  row('POST /v1/auth/forgot-password', 'nothing', INVALID, { body: {} }),
  row('POST /v1/auth/reset-password', 'nothing', INVALID, { body: {} }),
  row('POST /v1/auth/setup', 'nothing', INVALID, { body: {} }),

  row('GET /v1/store/apps', 'nothing', '200'),
  row('GET /v1/store/apps/:package_id', 'nothing', '404 not-found', { url: '/v1/store/apps/com.example.nobody' }),
  row('GET /v1/store/categories', 'nothing', '200'),
  row('POST /v1/store/updates', 'nothing', INVALID, { body: {} }),
  row('GET /v1/store/packages/:sha256', 'nothing', '404 not-found'),
  row('GET /v1/store/icons/:sha256', 'nothing', '404 not-found'),

  row('GET /v1/me', 'session', '200'),
  row('PATCH /v1/me', 'session', '200', { body: {} }),
  row('DELETE /v1/me', 'session', '204', { endsCredential: true }),
  row('POST /v1/me/password', 'session', '422 password-wrong', {
    body: { current_password: 'not this one', new_password: 'another password' },
  }),
  row('GET /v1/me/export', 'session', '200'),
  row('POST /v1/signing-keys', 'session', '422 public-key-unreadable', { body: { name: 'k', public_key: 'PEM' } }),
  row('GET /v1/signing-keys', 'session', '200'),
  row('DELETE /v1/signing-keys/:id', 'session', '404 not-found'),

  row('POST /v1/api-keys', 'keys:manage', INVALID, {
    body: { name: 'k', permissions: ['keys:manage'], expires_at: '2000-01-01T00:00:00Z' },
  }),
  row('GET /v1/api-keys', 'keys:manage', '200'),
  row('DELETE /v1/api-keys/:id', 'keys:manage', '404 not-found'),

  row('POST /v1/apps', 'apps:write', '409 package-id-taken', {
    body: { package_id: '{published}', name: 'Taken' },
    namesApp: true,
  }),
  row('GET /v1/apps', 'apps:read', '200'),
  row('GET /v1/apps/:package_id', 'apps:read', '200', read),
  row('PATCH /v1/apps/:package_id', 'apps:write', '200', own('write', { body: {} })),
  row('DELETE /v1/apps/:package_id', 'apps:write', '409 app-was-published', own('write')),
  row('POST /v1/apps/:package_id/withdraw', 'apps:write', '409 app-not-published', {
    ...own('write'),
    url: `${DRAFT}/withdraw`,
  }),
  row('POST /v1/apps/:package_id/restore', 'apps:write', '409 app-not-withdrawn', {
    ...own('write'),
    url: `${DRAFT}/restore`,
  }),
  row('PUT /v1/apps/:package_id/icon', 'apps:write', '422 icon-invalid', own('write', { body: Buffer.from('png') })),
  row('DELETE /v1/apps/:package_id/icon', 'apps:write', '200', own('write')),
  row('GET /v1/apps/:package_id/icons/:sha256', 'apps:read', '200', { ...read, url: `${APP}/icons/{icon}` }),

  row('POST /v1/apps/:package_id/ingest-keys', 'keys:manage', '201', own('write', { body: { name: 'k' } })),
  row('GET /v1/apps/:package_id/ingest-keys', 'keys:manage', '200', own('read')),
  row('DELETE /v1/apps/:package_id/ingest-keys/:id', 'keys:manage', '404 not-found', own('write')),

  row('POST /v1/apps/:package_id/versions', 'versions:upload', '422 package-empty', {
    ...own('write'),
    body: Buffer.alloc(0),
  }),
  row('GET /v1/apps/:package_id/versions', 'apps:read', '200', read),
  row('GET /v1/apps/:package_id/versions/:version_code', 'apps:read', '200', { ...read, url: PUBLISHED_VERSION }),
  row('PATCH /v1/apps/:package_id/versions/:version_code', 'versions:upload', '200', {
    ...own('write', { body: {} }),
    url: DRAFT_VERSION,
  }),
  row('DELETE /v1/apps/:package_id/versions/:version_code', 'versions:upload', '409 version-not-draft', {
    ...own('write'),
    url: PUBLISHED_VERSION,
  }),
  row('POST /v1/apps/:package_id/versions/:version_code/submit', 'versions:upload', '409 version-not-draft', {
    ...own('write'),
    verifiedOnly: true,
    url: `${PUBLISHED_VERSION}/submit`,
  }),
  row('POST /v1/apps/:package_id/versions/:version_code/withdraw', 'versions:upload', '409 version-not-in-review', {
    ...own('write'),
    url: `${PUBLISHED_VERSION}/withdraw`,
  }),
  row('POST /v1/apps/:package_id/versions/:version_code/publish', 'versions:publish', '409 version-not-approved', {
    ...own('write'),
    url: `${DRAFT_VERSION}/publish`,
  }),
  row('POST /v1/apps/:package_id/versions/:version_code/yank', 'apps:write', '409 version-not-published', {
    ...own('write', { body: { reason: 'Broken.' } }),
    url: `${DRAFT_VERSION}/yank`,
  }),
  row('POST /v1/apps/:package_id/versions/:version_code/unyank', 'apps:write', '409 version-not-published', {
    ...own('write'),
    url: `${DRAFT_VERSION}/unyank`,
  }),
  row('GET /v1/apps/:package_id/versions/:version_code/package', 'apps:read', '200', {
    ...read,
    url: `${PUBLISHED_VERSION}/package`,
  }),
  row('GET /v1/apps/:package_id/versions/:version_code/files', 'apps:read', '200', {
    ...read,
    url: `${PUBLISHED_VERSION}/files`,
  }),
  row('GET /v1/apps/:package_id/versions/:version_code/files/*', 'apps:read', '200', {
    ...read,
    url: `${PUBLISHED_VERSION}/files/manifest.json`,
  }),

  row('POST /v1/telemetry/batches', 'ingest key', '401 invalid-ingest-key', { body: {} }),
  row('POST /v1/telemetry/heartbeats', 'ingest key', '401 invalid-ingest-key', { body: {} }),
  row('GET /v1/apps/:package_id/telemetry/overview', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/timeseries', 'telemetry:read', '200', {
    ...report,
    url: `${TELEMETRY}/timeseries?metric=events`,
  }),
  row('GET /v1/apps/:package_id/telemetry/breakdown', 'telemetry:read', '200', {
    ...report,
    url: `${TELEMETRY}/breakdown?metric=events&dimension=type`,
  }),
  row('GET /v1/apps/:package_id/telemetry/retention', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/stability', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/crashes', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/crashes/:fingerprint', 'telemetry:read', '404 not-found', {
    ...report,
    url: `${TELEMETRY}/crashes/${'0'.repeat(32)}`,
  }),
  row('GET /v1/apps/:package_id/telemetry/live', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/events', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/rejections', 'telemetry:read', '200', report),
  row('GET /v1/apps/:package_id/telemetry/top', 'telemetry:read', '200', {
    ...report,
    url: `${TELEMETRY}/top?type=screen_view&field=screen_name`,
  }),
  row('GET /v1/apps/:package_id/telemetry/funnel', 'telemetry:read', '200', {
    ...report,
    url: `${TELEMETRY}/funnel?steps=app_start,app_stop`,
  }),
  row('POST /v1/apps/:package_id/telemetry/query', 'telemetry:read', '200', { ...report, body: {} }),
  row('POST /v1/apps/:package_id/telemetry/erasures', 'telemetry:erase', '202', {
    ...report,
    body: { device_id: 'never seen' },
  }),
  row('GET /v1/apps/:package_id/telemetry/erasures/:erasure', 'telemetry:erase', '404 not-found', {
    ...report,
    url: `${TELEMETRY}/erasures/${NOBODY}`,
  }),

  row('GET /v1/admin/reviews', 'reviewer', '200'),
  row('GET /v1/admin/reviews/summary', 'reviewer', '200'),
  row('GET /v1/admin/reviews/:id', 'reviewer', '404 not-found'),
  row('POST /v1/admin/reviews/:id/claim', 'reviewer', '404 not-found'),
  row('DELETE /v1/admin/reviews/:id/claim', 'reviewer', '404 not-found'),
  row('POST /v1/admin/reviews/:id/decision', 'reviewer', INVALID, { body: {} }),
  row('GET /v1/admin/developers', 'admin', '200'),
  row('GET /v1/admin/developers/:id', 'admin', '200', { url: '/v1/admin/developers/{ownerId}' }),
  row('GET /v1/admin/developers/:id/signing-keys', 'admin', '200', {
    url: '/v1/admin/developers/{ownerId}/signing-keys',
  }),
  row('GET /v1/admin/developers/:id/api-keys', 'admin', '200', { url: '/v1/admin/developers/{ownerId}/api-keys' }),
  row('PATCH /v1/admin/developers/:id', 'admin', INVALID, { body: { role: 'king' } }),
  row('POST /v1/admin/developers/:id/suspend', 'admin', INVALID, { body: {} }),
  row('POST /v1/admin/developers/:id/unsuspend', 'admin', '409 not-suspended', {
    url: '/v1/admin/developers/{ownerId}/unsuspend',
  }),
  row('GET /v1/admin/apps', 'admin', '200'),
  row('POST /v1/admin/apps/:package_id/suspend', 'admin', INVALID, { body: {} }),
  row('POST /v1/admin/apps/:package_id/unsuspend', 'admin', '409 not-suspended'),
  row('POST /v1/admin/apps/:package_id/versions/:version_code/yank', 'admin', '409 version-not-published', {
    url: `${ADMIN_VERSION}/yank`,
    body: { reason: 'Broken.' },
  }),
  row('POST /v1/admin/apps/:package_id/versions/:version_code/unyank', 'admin', '409 version-not-published', {
    url: `${ADMIN_VERSION}/unyank`,
  }),
  row('GET /v1/admin/audit-log', 'admin', '200'),
  row('GET /v1/admin/system', 'admin', '200'),
];

/** The request of a row, its names filled in. */
export function requestOf(route: RouteRow, targets: Targets): { method: string; url: string; body: unknown } {
  const [method = '', pattern = ''] = route.route.split(' ');
  const fill = (text: string) =>
    text
      .replace(/\{(\w+)\}/g, (_, name: keyof Targets) => targets[name])
      .replace(':package_id', targets.published)
      .replace(':sha256', ZEROS)
      .replace(':id', NOBODY);
  const { body } = route;
  const filled =
    body === undefined || Buffer.isBuffer(body) ? body : (JSON.parse(fill(JSON.stringify(body))) as unknown);
  return { method, url: fill(route.url ?? pattern), body: filled };
}

/** Who asks, as far as the contract looks at it. */
export interface State {
  name: string;
  headers: Record<string, string>;
  /** What every route that needs a credential answers, whatever it is. */
  always?: string;
  /** Permissions of the key; absent for a session. */
  permissions?: readonly Permission[];
  role?: 'developer' | 'reviewer' | 'admin';
  /** Whether the targets are this account's own. */
  isOwner?: boolean;
  limitedToOtherApp?: boolean;
  unverified?: boolean;
  appSuspended?: boolean;
}

/** What the contract says a route answers somebody. */
export function expectedAnswer(route: RouteRow, state: State): string {
  const { needs } = route;
  // No person's credential is asked for, and none helps.
  if (needs === 'nothing' || needs === 'ingest key') return route.admitted;
  if (state.always) return state.always;
  const isPermission = (PERMISSIONS as readonly string[]).includes(needs);
  if (state.permissions) {
    if (!isPermission) return '403 session-required';
    if (!state.permissions.includes(needs as Permission)) return '403 permission-missing';
  } else {
    if (needs === 'admin' && state.role !== 'admin') return '403 role-required';
    if (needs === 'reviewer' && state.role !== 'admin' && state.role !== 'reviewer') return '403 role-required';
  }
  if (route.app && !state.isOwner) {
    const isStaff = !state.permissions && (state.role === 'reviewer' || state.role === 'admin');
    if (route.adminMay && isStaff && state.role === 'admin') return route.admitted;
    return route.staffMayRead && isStaff ? route.admitted : '404 not-found';
  }
  if ((route.app || route.namesApp) && state.limitedToOtherApp) return '403 app-not-in-scope';
  if (route.verifiedOnly && state.unverified) return '403 email-unverified';
  if (route.app === 'write' && state.appSuspended) return '403 app-suspended';
  return route.admitted;
}
