/** What an API key can be allowed to do. */
export const PERMISSIONS = [
  'apps:read',
  'apps:write',
  'versions:upload',
  'versions:publish',
  'telemetry:read',
  'telemetry:erase',
  'keys:manage',
] as const;

export type Permission = (typeof PERMISSIONS)[number];
