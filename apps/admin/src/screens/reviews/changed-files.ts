import type { VersionChanges } from '../../api/schema';

/** A file that differs from the last approved version; sizes in bytes, of the side where it is. */
export interface ChangedFile {
  path: string;
  state: 'added' | 'changed' | 'removed';
  before: number | undefined;
  after: number | undefined;
}

/** Every file that differs, as one list by path: what belongs together stands together. */
export function listChangedFiles({ added, changed, removed }: VersionChanges['files']): ChangedFile[] {
  const all: ChangedFile[] = [
    ...added.map(({ path, size_bytes }) => ({ path, state: 'added' as const, before: undefined, after: size_bytes })),
    ...changed.map(({ path, before, after }) => ({
      path,
      state: 'changed' as const,
      before: before.size_bytes,
      after: after.size_bytes,
    })),
    ...removed.map(({ path, size_bytes }) => ({
      path,
      state: 'removed' as const,
      before: size_bytes,
      after: undefined,
    })),
  ];
  return all.sort((one, other) => (one.path < other.path ? -1 : 1));
}
