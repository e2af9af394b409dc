import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.js';
import { fail, ok, warn, type Finding } from './finding.js';

/** Whoever runs the doctor; on Windows there is no number. */
export interface User {
  uid: number | undefined;
}

const OTHERS = 0o007;

/** Who owns DATA_DIR and what is in it, who may write, and who else may read. */
export function checkPermissions({ dataDir }: Settings, user: User = { uid: process.getuid?.() }): Finding[] {
  const folder = statSync(dataDir, { throwIfNoEntry: false });
  if (!folder) return [ok('permissions', `${dataDir} is not there yet: the first start makes it`)];
  if (!folder.isDirectory()) return [fail('permissions', `${dataDir} is not a folder`, 'Set DATA_DIR to a folder.')];
  return [checkWritable(dataDir, folder.uid, user), checkPrivate(dataDir, folder.mode)];
}

function checkWritable(dataDir: string, ownerUid: number, { uid }: User): Finding {
  const files = ['.', ...listFiles(dataDir)];
  const closed = files.filter((name) => !isWritable(join(dataDir, name)));
  if (closed.length > 0)
    return fail(
      'permissions',
      `cannot be written: ${nameSome(closed)}`,
      `Give them to the user that runs the server: chown -R <user> ${dataDir}`,
    );
  const strangers = files.filter((name) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.uid !== ownerUid);
  if (strangers.length > 0)
    return fail(
      'permissions',
      `${dataDir} belongs to user ${ownerUid}, but these do not: ${nameSome(strangers)}`,
      `A command was run as another user. chown -R ${ownerUid} ${dataDir}`,
    );
  if (uid !== undefined && uid !== ownerUid)
    return warn(
      'permissions',
      `everything belongs to user ${ownerUid}, you are ${uid}`,
      'Run commands as the user that runs the server, or files they make will not be writable for it.',
    );
  return ok('permissions', `everything belongs to user ${ownerUid} and can be written`);
}

function checkPrivate(dataDir: string, mode: number): Finding {
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  if ((mode & OTHERS) === 0) return ok('privacy', `mode ${octal}: closed to other users`);
  return warn(
    'privacy',
    `mode ${octal}: other users of this machine can look into ${dataDir}`,
    `It holds addresses and key digests: chmod o-rwx ${dataDir}`,
  );
}

/** What the server makes. A volume's own folders (`lost+found`, `@eaDir`) may belong to others. */
const OURS =
  /^(?:\.?(?:core|telemetry)\.db.*|server\.(?:lock|json)|audit-head\.json|archive|backups|objects|outbox|restore-points|tmp)$/;

function listFiles(dataDir: string): string[] {
  return readdirSync(dataDir).filter((name) => OURS.test(name));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    // Gone since it was listed: a server that runs makes and removes files.
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function nameSome(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}
