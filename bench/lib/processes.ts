import { readdirSync, readFileSync } from 'node:fs';

/** Processes whose parent is this one, theirs, and so on. Linux only, as `/proc` is. */
export function findDescendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => parentOf(candidate) === pid);
  return children.flatMap((child) => [child, ...findDescendants(child)]);
}

/** Among processes, those whose command line has a word. */
export function withCommand(pids: readonly number[], word: string): number[] {
  return pids.filter((pid) => readProc(pid, 'cmdline').includes(word));
}

/** Sends a signal to processes of which some may be gone. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

function parentOf(pid: number): number {
  const stat = readProc(pid, 'stat');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
