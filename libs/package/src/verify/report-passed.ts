import type { Archive } from '../archive/open-archive.js';
import type { PackageManifest } from '../manifest/manifest-schema.js';
import type { CheckReport } from '../package-error.js';
import { SECRET_PATTERNS } from '../secrets/secret-patterns.js';

/** What the five checks of a package that passed them have looked at and found, for the person who reviews it. */
export function reportPassed(archive: Archive, signedFiles: number, manifest: PackageManifest): CheckReport[] {
  const files = [...archive.files.values()];
  const unpackedBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const kinds = new Set(SECRET_PATTERNS.map(({ kind }) => kind)).size;
  const { id, version, version_code: code, min_mosis_version: needed, permissions, entry } = manifest;
  return [
    passed(
      'archive',
      `${plural(files.length, 'file')}, ${plural(unpackedBytes, 'byte')} unpacked; each was read to its end.`,
    ),
    passed(
      'signature',
      `A registered key has signed the list of ${plural(signedFiles, 'file')}, and each file is the one of the list.`,
    ),
    passed(
      'manifest',
      `${id} ${version} (${code}) for Mosis ${needed} or later; starts ${entry}; asks for ${plural(permissions.length, 'permission')}.`,
    ),
    passed('secrets', `${plural(files.length, 'file')} searched for ${kinds} kinds of keys and tokens; none is there.`),
    passed('images', describeIcons(manifest.icons)),
  ];
}

function passed(name: CheckReport['name'], detail: string): CheckReport {
  return { name, status: 'passed', detail };
}

function describeIcons(icons: PackageManifest['icons']): string {
  const sizes = Object.keys(icons ?? {});
  if (sizes.length === 0) return 'The manifest names no icon.';
  return `${plural(sizes.length, 'icon')} decoded to the last pixel: ${sizes.join(', ')}.`;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
