import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a file system is good for: `refused` ones lose or damage databases, `doubtful` ones may. */
export interface FileSystem {
  name: string;
  verdict: 'fine' | 'refused' | 'doubtful';
  /** Why it is not fine. */
  reason?: string;
}

/** The number by which Linux names the file system of a path (`f_type` of statfs(2)). */
export type ReadFileSystemType = (path: string) => number;

const NETWORK =
  'SQLite needs locks and shared memory that network file systems do not keep reliably: databases on them get damaged';
const FUSE = 'what stands behind FUSE is not visible: it may be a network, and may not sync when asked to';
const CLUSTER = 'SQLite is not tried on it: locks and shared memory may not be reliable';

/** From linux/magic.h and statfs(2). */
const KNOWN = new Map<number, FileSystem>([
  [0x6969, { name: 'NFS', verdict: 'refused', reason: NETWORK }],
  [0x517b, { name: 'SMB', verdict: 'refused', reason: NETWORK }],
  [0xff534d42, { name: 'SMB (CIFS)', verdict: 'refused', reason: NETWORK }],
  [0xfe534d42, { name: 'SMB2', verdict: 'refused', reason: NETWORK }],
  [0x5346414f, { name: 'AFS', verdict: 'refused', reason: NETWORK }],
  [0x73757245, { name: 'Coda', verdict: 'refused', reason: NETWORK }],
  [0x65735546, { name: 'FUSE', verdict: 'doubtful', reason: FUSE }],
  [0x01021997, { name: '9p', verdict: 'doubtful', reason: CLUSTER }],
  [0x00c36400, { name: 'Ceph', verdict: 'doubtful', reason: CLUSTER }],
  [0x01161970, { name: 'GFS2', verdict: 'doubtful', reason: CLUSTER }],
  [0x7461636f, { name: 'OCFS2', verdict: 'doubtful', reason: CLUSTER }],
  [0x0bd00bd0, { name: 'Lustre', verdict: 'doubtful', reason: CLUSTER }],
  [0x786f4256, { name: 'a VirtualBox shared folder', verdict: 'doubtful', reason: CLUSTER }],
  [
    0x01021994,
    { name: 'tmpfs', verdict: 'doubtful', reason: 'it is memory: everything on it is gone after a restart' },
  ],
  [
    0x794c7630,
    { name: 'overlay', verdict: 'doubtful', reason: 'it is the layer of a container: everything on it goes with it' },
  ],
  [0x9123683e, { name: 'Btrfs', verdict: 'fine' }],
  [0xef53, { name: 'ext4', verdict: 'fine' }],
  [0x58465342, { name: 'XFS', verdict: 'fine' }],
  [0x2fc12fc1, { name: 'ZFS', verdict: 'fine' }],
  [0xf2f52010, { name: 'F2FS', verdict: 'fine' }],
]);

/** What the file system of a path is, which need not exist yet. */
export function identifyFileSystem(path: string, readType: ReadFileSystemType = readFileSystemType): FileSystem {
  // Other systems number theirs differently.
  if (process.platform !== 'linux' && readType === readFileSystemType) return { name: 'unknown', verdict: 'fine' };
  // statfs gives it signed on some machines.
  const type = readType(findExisting(path)) >>> 0;
  return KNOWN.get(type) ?? { name: `unknown (0x${type.toString(16)})`, verdict: 'fine' };
}

/** DATA_DIR lies where a database would be damaged. */
export class NetworkFileSystemError extends Error {
  constructor(dataDir: string, { name, reason }: FileSystem) {
    super(
      `DATA_DIR (${dataDir}) lies on ${name}. ${reason}. Use a folder on a volume of this machine; a network folder is fine for BACKUP_URL. ALLOW_NETWORK_FILE_SYSTEM=on starts all the same, at your risk.`,
    );
    this.name = 'NetworkFileSystemError';
  }
}

/** @throws NetworkFileSystemError when databases must not lie there */
export function assertLocalFileSystem(dataDir: string, readType?: ReadFileSystemType): void {
  const fileSystem = identifyFileSystem(dataDir, readType);
  if (fileSystem.verdict === 'refused') throw new NetworkFileSystemError(dataDir, fileSystem);
}

/** The path, or the nearest folder above it that is there. */
export function findExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : findExisting(dirname(path));
}

function readFileSystemType(path: string): number {
  return statfsSync(path).type;
}
