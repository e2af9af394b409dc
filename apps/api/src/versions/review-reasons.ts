import type { CoreRow } from '@mosis/db';
import { plural } from '../common/format.js';
import type { ReviewReason } from '../reviews/reviews.service.js';
import type { PackageFile } from './versions.schemas.js';

/** What the reasons of a submission are worked out from. */
export interface SubmissionFacts {
  app: Pick<CoreRow<'apps'>, 'name' | 'bound_signing_key_id'>;
  version: Pick<CoreRow<'app_versions'>, 'permissions' | 'manifest' | 'signing_key_id' | 'min_mosis_version' | 'files'>;
  previous:
    | Pick<CoreRow<'app_versions'>, 'permissions' | 'signing_key_id' | 'min_mosis_version' | 'files' | 'version_name'>
    | undefined;
  rejectionsBefore: number;
  notes: readonly { code: string; detail: string }[];
}

/** Why a human is needed for this submission, the weightiest first. There is always a reason: nothing unreviewed ships. */
export function findReviewReasons(facts: SubmissionFacts): ReviewReason[] {
  const { app, version, previous } = facts;
  const reasons: ReviewReason[] = [];
  const permissions = JSON.parse(version.permissions) as string[];
  if (!previous) {
    reasons.push({ code: 'first-version', detail: 'No version of this app was approved before.' });
    if (permissions.length > 0)
      reasons.push({ code: 'permissions-requested', detail: `It asks for: ${permissions.join(', ')}.` });
  } else {
    const before = new Set(JSON.parse(previous.permissions) as string[]);
    const added = permissions.filter((permission) => !before.has(permission));
    if (added.length > 0)
      reasons.push({
        code: 'permissions-added',
        detail: `It asks for more than ${previous.version_name} did: ${added.join(', ')}.`,
      });
  }
  if (app.bound_signing_key_id !== null && app.bound_signing_key_id !== version.signing_key_id) {
    reasons.push({
      code: 'signing-key-changed',
      detail: 'It is signed with another key than the first published version.',
    });
  } else if (previous && previous.signing_key_id !== version.signing_key_id) {
    reasons.push({
      code: 'signing-key-changed',
      detail: `It is signed with another key than ${previous.version_name}.`,
    });
  }
  const manifest = JSON.parse(version.manifest) as { name: string };
  if (manifest.name !== app.name) {
    reasons.push({
      code: 'manifest-name-differs',
      detail: `The package calls itself “${manifest.name}”, the listing “${app.name}”.`,
    });
  }
  if (facts.rejectionsBefore > 0) {
    reasons.push({
      code: 'rejected-before',
      detail: `${plural(facts.rejectionsBefore, 'earlier submission')} of this app ${facts.rejectionsBefore === 1 ? 'was' : 'were'} rejected.`,
    });
  }
  for (const note of facts.notes) reasons.push({ code: note.code, detail: note.detail });
  if (previous) {
    const changes = compareFiles(
      JSON.parse(previous.files) as PackageFile[],
      JSON.parse(version.files) as PackageFile[],
    );
    reasons.push({
      code: 'new-version',
      detail: `Since ${previous.version_name}: ${plural(changes.added.length, 'file')} added, ${changes.removed.length} removed, ${changes.changed.length} changed.`,
    });
  }
  return reasons;
}

/** How the files of two packages differ. */
export interface FileChanges {
  added: PackageFile[];
  removed: PackageFile[];
  changed: { path: string; before: Omit<PackageFile, 'path'>; after: Omit<PackageFile, 'path'> }[];
  unchanged: number;
}

/** Compares the files of two packages by path and digest. */
export function compareFiles(before: readonly PackageFile[], after: readonly PackageFile[]): FileChanges {
  const old = new Map(before.map((file) => [file.path, file]));
  const changes: FileChanges = { added: [], removed: [], changed: [], unchanged: 0 };
  for (const file of after) {
    const was = old.get(file.path);
    old.delete(file.path);
    if (!was) changes.added.push(file);
    else if (was.sha256 === file.sha256) changes.unchanged += 1;
    else {
      changes.changed.push({
        path: file.path,
        before: { size_bytes: was.size_bytes, sha256: was.sha256 },
        after: { size_bytes: file.size_bytes, sha256: file.sha256 },
      });
    }
  }
  changes.removed = [...old.values()];
  return changes;
}
