import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LITESTREAM_VERSION, findLitestream } from '@mosis/backup';
import { readSqliteVersion } from '@mosis/sqlite';
import { VERSION } from '../common/version.js';
import type { Settings } from '../config/settings.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** better-sqlite3 dies without a word on older ones. */
const OLDEST_NODE = 22;
const LITESTREAM_TIMEOUT_MS = 10_000;

/** Mosis, Node and SQLite. */
export function checkVersions(): Finding[] {
  const node = Number(process.versions.node.split('.')[0]);
  return [
    ok('mosis', VERSION),
    node < OLDEST_NODE
      ? fail('node', process.version, 'Run the server with npm start, which brings its own Node.')
      : ok('node', `${process.version}, ${process.platform} ${process.arch}`),
    ok('sqlite', readSqliteVersion()),
  ];
}

/** The Litestream binary: whether it is there, runs, and is the release that was tried. */
export async function checkLitestream({ backup }: Settings): Promise<Finding> {
  const file = findLitestream(backup.litestreamPath);
  if (file === undefined)
    return fail(
      'litestream',
      backup.litestreamPath === undefined
        ? `npm has no binary for ${process.platform} ${process.arch}`
        : `${backup.litestreamPath} is not a program`,
      `Nothing is backed up. Install Litestream ${LITESTREAM_VERSION} and set LITESTREAM_PATH to it.`,
    );
  try {
    const { stdout } = await promisify(execFile)(file, ['version'], { timeout: LITESTREAM_TIMEOUT_MS });
    const version = stdout.trim();
    if (version.replace(/^v/, '') === LITESTREAM_VERSION.replace(/^v/, '')) return ok('litestream', version);
    return warn('litestream', version, `Backups were tried with ${LITESTREAM_VERSION}; use that one.`);
  } catch (error) {
    return fail(
      'litestream',
      `${file} does not run: ${(error as Error).message}`,
      'Nothing is backed up. Install it anew.',
    );
  }
}
