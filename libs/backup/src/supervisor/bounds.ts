import type { LocalState } from './local-position.js';
import type { SupervisorTuning } from './tuning.js';

/**
 * Why a database has to be taken from Litestream: its files have outgrown their bounds, or Litestream is dead for too long.
 * `undefined` when it may go on.
 */
export function findExcess(
  local: LocalState | undefined,
  seen: { freeBytes: number; deadForMs: number },
  tuning: SupervisorTuning,
): string | undefined {
  const share = Math.max(tuning.leastBoundBytes, seen.freeBytes * tuning.maxShareOfFreeSpace);
  const { walBytes, shadowBytes } = local ?? { walBytes: 0, shadowBytes: 0 };
  if (walBytes > Math.min(tuning.maxWalBytes, share)) return `Litestream let the WAL grow to ${inMebibytes(walBytes)}`;
  if (shadowBytes > Math.min(tuning.maxShadowBytes, share))
    return `${inMebibytes(shadowBytes)} waited for a replica that does not take them`;
  if (seen.deadForMs > tuning.releaseAfterMs) return 'Litestream could not be started';
  return undefined;
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
