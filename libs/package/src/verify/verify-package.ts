import { type Archive, openArchive, withFileSource } from '../archive/open-archive.js';
import type { ByteSource } from '../archive/byte-source.js';
import { readWholeEntry } from '../archive/entry-data.js';
import { Budget } from '../budget.js';
import { type PackageLimits, resolveLimits } from '../limits.js';
import { MANIFEST_PATH, type ReadManifest, readManifest } from '../manifest/read-manifest.js';
import { PackageError, quotePath } from '../package-error.js';
import { META_INF } from '../signature/signed-list.js';
import { reportPassed } from './report-passed.js';
import type { PackageEntry, PackageNote, VerifiedPackage, VerifyOptions } from './verified-package.js';
import { refuseSecrets, verifyContent } from './verify-content.js';
import { verifyImages } from './verify-images.js';
import { checkMetaInfNames, verifySignature } from './verify-signature.js';

/** A reviewer reads notes; past this many of a kind they only need to know that there are more. */
const MAX_NOTES_PER_CODE = 20;

/**
 * Verifies a package file: structure, signature, manifest, every byte of content, credentials, icons. Opens the file
 * once, streams, and keeps memory flat. Throws {@link PackageError} on the first violation, the signal's reason when
 * aborted, and the system's error when the file cannot be read.
 */
export async function verifyPackage(filePath: string, options: VerifyOptions): Promise<VerifiedPackage> {
  return withFileSource(filePath, (source) => verifySource(source, options));
}

/** {@link verifyPackage} over bytes from anywhere. */
export async function verifySource(source: ByteSource, options: VerifyOptions): Promise<VerifiedPackage> {
  const limits = resolveLimits(options.limits);
  const budget = new Budget(limits.durationMs, options.signal);
  const archive = await openArchive(source, limits, budget, checkMetaInfNames);
  const { digests, signature, signedBy } = await verifySignature(archive, options.keys, limits, budget);
  const { manifest, unknownKeys } = await verifyManifest(archive, limits, budget);
  const content = await verifyContent(archive, digests, budget);
  refuseSecrets(content.secrets);
  const images = await verifyImages(archive, manifest.icons, budget);
  return {
    sha256: content.sha256,
    sizeBytes: source.sizeBytes,
    manifest,
    entries: listFiles(archive, digests),
    signature,
    signedBy,
    checks: reportPassed(archive, digests.size, manifest),
    icon: images.icon,
    notes: [
      ...limitNotes('manifest-unknown-key', unknownKeys, (key) => `manifest.json carries ${quotePath(key)}.`),
      ...limitNotes('nested-archive', content.nestedArchives, (path) => `${quotePath(path)} is an archive itself.`),
      ...limitNotes('unknown-extra-field', listUnknownExtras(archive), (text) => text),
      ...images.notes,
    ],
  };
}

/** The files outside META-INF/ with their signed digests, sorted by path. */
export function listFiles(archive: Archive, digests: Map<string, Buffer>): PackageEntry[] {
  return [...archive.files.values()]
    .filter(({ path }) => !path.startsWith(META_INF))
    .map(({ path, sizeBytes }) => ({ path, sizeBytes, sha256: digests.get(path)?.toString('hex') ?? '' }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Its digest is checked with all others in {@link verifyContent}, before anything of it is answered. */
async function verifyManifest(archive: Archive, limits: PackageLimits, budget: Budget): Promise<ReadManifest> {
  const entry = archive.files.get(MANIFEST_PATH);
  if (entry === undefined) throw new PackageError('manifest-missing', 'The package has no manifest.json.');
  if (entry.sizeBytes > limits.manifestBytes) {
    throw new PackageError('manifest-too-large', `manifest.json has more than ${limits.manifestBytes} bytes.`);
  }
  const bytes = await readWholeEntry(archive.source, entry, budget);
  return readManifest(bytes, (path) => archive.files.has(path) && !path.startsWith(META_INF));
}

function listUnknownExtras(archive: Archive): string[] {
  return archive.entries.flatMap(({ path, unknownExtraIds }) =>
    unknownExtraIds.map((id) => `${quotePath(path)} carries the extra field 0x${id.toString(16).padStart(4, '0')}.`),
  );
}

function limitNotes(code: PackageNote['code'], items: string[], write: (item: string) => string): PackageNote[] {
  const notes = items.slice(0, MAX_NOTES_PER_CODE).map((item) => ({ code, detail: write(item) }));
  const hidden = items.length - notes.length;
  return hidden > 0 ? [...notes, { code, detail: `${hidden} more.` }] : notes;
}
