import { Random } from '../lib/random.ts';

/** Apps of a device, and how many of them are out of date. */
export const INSTALLED_APPS = 30;
const OUTDATED_APPS = 3;
const BODIES = 200;

/** What devices ask when they poll for updates: most of what they have is the newest there is. */
export function pollBodies(seed: number, packageIds: readonly string[]): string[] {
  const random = new Random(seed);
  return Array.from({ length: BODIES }, () =>
    JSON.stringify({
      mosis_version: '9.0.0',
      installed: Array.from({ length: INSTALLED_APPS }, (_, index) => ({
        package_id: random.pick(packageIds),
        version_code: index < OUTDATED_APPS ? 1 : 2_000_000_000,
      })),
    }),
  );
}
