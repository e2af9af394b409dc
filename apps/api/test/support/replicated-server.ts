import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DATABASES, databaseFileName } from '@mosis/backup';
import { readLz4Length } from '../../../../libs/backup/src/replica/lz4-length.js';
import { DataDirectory, type CommandResult, type ServerProcess } from './server-process.js';

/** A data directory whose backup lies elsewhere, with a server on it: what a lost machine leaves is the backup. */
export class ReplicatedServer {
  readonly data = new DataDirectory();
  readonly backups = mkdtempSync(join(tmpdir(), 'mosis-backups-'));
  private readonly others: string[] = [];
  server!: ServerProcess;

  get environment(): Record<string, string> {
    return { BACKUP_URL: pathToFileURL(this.backups).href };
  }

  async start(environment: Record<string, string>): Promise<void> {
    this.server = await this.data.serve({ ...this.environment, ...environment });
  }

  /** Resolves when all that is written now has arrived in the backup; answers that moment. */
  async shipped(): Promise<Date> {
    return whenShipped(this.data.path, this.backups);
  }

  /** Resolves with what `find` answers as soon as it finds something in a folder. */
  async untilFile<Found>(folder: string, find: () => Found | undefined): Promise<Found> {
    mkdirSync(folder, { recursive: true });
    return new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        watcher.close();
        resolve(found);
      };
      const watcher = watch(folder, look);
      look();
    });
  }

  /** Ends server and Litestream at once, as a power cut does. */
  async lose(): Promise<void> {
    const litestream = findChildren(this.server.child.pid ?? 0);
    const ended = this.server.kill('SIGKILL');
    for (const pid of litestream) process.kill(pid, 'SIGKILL');
    await ended;
  }

  /** A folder that is not there yet. */
  newFolder(): string {
    const parent = mkdtempSync(join(tmpdir(), 'mosis-restored-'));
    this.others.push(parent);
    return join(parent, 'data');
  }

  /** A copy of the backup, to be damaged. */
  copyBackup(): string {
    const copy = mkdtempSync(join(tmpdir(), 'mosis-backups-'));
    this.others.push(copy);
    cpSync(this.backups, copy, { recursive: true, preserveTimestamps: true });
    return copy;
  }

  /** Runs `mosis restore`, on a machine that has nothing but the backup. */
  async restore(args: string[], environment: Record<string, string> = {}): Promise<CommandResult> {
    return this.data.mosis(['restore', ...args], '', {
      ...this.environment,
      DATA_DIR: join(this.newFolder(), 'lost'),
      ...environment,
    });
  }

  async remove(): Promise<void> {
    await this.data.remove();
    for (const folder of [this.backups, ...this.others]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves when a directory of backups has all that is written to both databases now; answers that moment. */
export async function whenShipped(dataDir: string, backups: string): Promise<Date> {
  const isThere = (name: string) => findReplicaEnd(join(backups, name)) === findWalEnd(join(dataDir, `${name}-wal`));
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!DATABASES.every((database) => isThere(databaseFileName(database)))) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(backups, { recursive: true }, look);
    look();
  });
  return new Date();
}

/** The byte of its WAL at which a replica ends. */
function findReplicaEnd(replica: string): number {
  const generations = join(replica, 'generations');
  if (!existsSync(generations)) return -1;
  const segments = readdirSync(generations).flatMap((generation) => {
    const folder = join(generations, generation, 'wal');
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  });
  const newest = segments
    .map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => a.at - b.at)
    .at(-1);
  const offset = /_([0-9a-f]{8})\.wal\.lz4$/.exec(newest?.path ?? '')?.[1];
  if (!newest || offset === undefined) return -1;
  try {
    return Number.parseInt(offset, 16) + readLz4Length(readFileSync(newest.path));
  } catch {
    return -1;
  }
}

/** The byte behind the last frame that was written to a WAL since it last began anew. */
function findWalEnd(file: string): number {
  const wal = readFileSync(file);
  const frame = 24 + wal.readUInt32BE(8);
  let end = 32;
  while (end + frame <= wal.length && wal.compare(wal, 16, 24, end + 8, end + 16) === 0) end += frame;
  return end;
}

/** Processes whose parent is this one. */
function findChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}
