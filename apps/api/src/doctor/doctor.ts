import { Clock } from '../common/clock.js';
import type { Settings } from '../config/settings.js';
import type { MigrationTarget } from '@mosis/sqlite';
import { checkClock, checkStoreClock } from './check-clock.js';
import { checkDatabase } from './check-databases.js';
import { checkPermissions } from './check-permissions.js';
import { checkServer } from './check-server.js';
import { checkLitestream, checkVersions } from './check-versions.js';
import { checkBackupPlace, checkFileSystem, checkSpace, checkSyncs } from './check-volume.js';
import { fail, ok, type Finding } from './finding.js';

/** What the doctor looks at. */
export interface DoctorInput {
  /** @throws SettingsError when they cannot be used */
  readSettings: () => Settings;
  /** The databases of these settings. */
  databasesOf: (settings: Settings) => MigrationTarget[];
  /** Has SQLite check every page of the databases. */
  deep: boolean;
  clock?: Clock;
}

/**
 * Looks at everything that makes a server fail or lose data: settings, versions, volume, permissions, clock, databases,
 * port. Changes nothing; beside a running server it may be asked at any time.
 */
export async function examine({
  readSettings,
  databasesOf,
  deep,
  clock = new Clock(),
}: DoctorInput): Promise<Finding[]> {
  let settings: Settings;
  try {
    settings = readSettings();
  } catch (error) {
    return [
      fail('settings', (error as Error).message, 'Correct these variables; nothing else can be looked at before.'),
      ...checkVersions(),
    ];
  }
  return [
    ok('settings', `all can be used; DATA_DIR is ${settings.dataDir}`),
    ...checkVersions(),
    await checkLitestream(settings),
    checkFileSystem(settings),
    checkSyncs(settings),
    checkSpace(settings),
    checkBackupPlace(settings),
    ...checkPermissions(settings),
    checkClock(settings, clock.now()),
    ...(await checkStoreClock(settings, () => clock.now())),
    ...databasesOf(settings).map((database) => checkDatabase(database, deep)),
    await checkServer(settings),
  ];
}
