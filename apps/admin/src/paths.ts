/**
 * Every path of the console below /admin, `$name` standing for one segment. The server answers these with the page and
 * everything else with a 404; app/router.tsx fails to compile when a screen's path is missing here.
 */
export const CLIENT_PATHS = [
  '/',
  '/reviews',
  '/reviews/$id',
  '/apps',
  '/apps/$packageId',
  '/apps/$packageId/telemetry',
  '/developers',
  '/developers/$id',
  '/audit',
  '/system',
  '/account',
  '/api-keys',
  '/setup',
  '/verify-email',
  '/reset-password',
  '/forgot-password',
] as const;

export type ClientPath = (typeof CLIENT_PATHS)[number];
