/** Milliseconds as people read them. */
export function formatDuration(durationMs: number): string {
  return durationMs < 1000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

/** Bytes as people read them. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const amount = bytes / 1024 ** power;
  return `${power === 0 ? amount : amount.toFixed(1)} ${units[power]}`;
}

/** A count as people read it. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}

/** A count with its word as people read them: `1 file`, `3 files`; the plural is given where it is not the word and an s. */
export function plural(count: number, word: string, several = `${word}s`): string {
  return `${formatCount(count)} ${count === 1 ? word : several}`;
}
