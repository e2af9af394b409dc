import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process of this machine, told apart from a later one with the same number by when it began. */
export interface FoundProcess {
  pid: number;
  startedAt: string;
  /** Stopped by a signal or a debugger: it will not act on a polite request. */
  stopped: boolean;
}

/** Finds the processes whose arguments hold `args` in a row. What cannot be read belongs to others and is left out. */
export async function findProcesses(args: readonly string[]): Promise<FoundProcess[]> {
  if (process.platform !== 'linux') return findWithPs(args);
  const found: FoundProcess[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const process_ = await readProcess(Number(name), args);
    if (process_) found.push(process_);
  }
  return found;
}

/** Whether that very process still runs. */
export async function isRunning(found: FoundProcess, args: readonly string[]): Promise<boolean> {
  const now =
    process.platform === 'linux'
      ? await readProcess(found.pid, args)
      : (await findWithPs(args)).find(({ pid }) => pid === found.pid);
  return now?.startedAt === found.startedAt;
}

async function readProcess(pid: number, args: readonly string[]): Promise<FoundProcess | undefined> {
  try {
    const given = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    if (!holdsInARow(given, args)) return undefined;
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold spaces and brackets itself; what follows the last one is numbers (proc(5)).
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return { pid, startedAt: fields[19] ?? '', stopped: fields[0] === 'T' || fields[0] === 't' };
  } catch {
    return undefined;
  }
}

function holdsInARow(given: readonly string[], args: readonly string[]): boolean {
  return given.some((_, at) => args.every((arg, offset) => given[at + offset] === arg));
}

/** Where there is no /proc: `ps` writes arguments with spaces between them. */
async function findWithPs(args: readonly string[]): Promise<FoundProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axww', '-o', 'pid=,state=,lstart=,command='], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(line);
    if (!match || Number(match[1]) === process.pid || !` ${match[4]} `.includes(` ${args.join(' ')} `)) return [];
    return [{ pid: Number(match[1]), startedAt: match[3] as string, stopped: (match[2] as string).startsWith('T') }];
  });
}
