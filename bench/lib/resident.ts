import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const SAMPLE_MS = 50;

/** Resident bytes of a process; undefined when it is gone. */
export function residentBytes(pid: number): number | undefined {
  return statusBytes(pid, 'VmRSS') ?? psBytes(pid);
}

/** The most bytes a process ever had resident, where the system keeps that (Linux); what it has now elsewhere. */
export function peakResidentBytes(pid: number): number | undefined {
  return statusBytes(pid, 'VmHWM') ?? psBytes(pid);
}

/** Has the most that a process had resident begin anew at what it has now, where the system can (Linux). */
export function resetPeakResident(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Elsewhere the most of its whole life is what there is.
  }
}

/** Follows a process that comes and goes: `stop` answers the most it had resident. */
export function watchResident(pidOf: () => number | undefined): { stop: () => number | undefined } {
  let most: number | undefined;
  const look = () => {
    const pid = pidOf();
    const bytes = pid === undefined ? undefined : peakResidentBytes(pid);
    if (bytes !== undefined) most = Math.max(most ?? 0, bytes);
  };
  const timer = setInterval(look, SAMPLE_MS);
  return {
    stop: () => {
      look();
      clearInterval(timer);
      return most;
    },
  };
}

function statusBytes(pid: number, field: string): number | undefined {
  try {
    const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Number(found[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

function psBytes(pid: number): number | undefined {
  try {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024 || undefined;
  } catch {
    return undefined;
  }
}
