import type { Budget } from '../budget.js';
import { type Archive } from '../archive/open-archive.js';
import { readWholeEntry } from '../archive/entry-data.js';
import { foldPath } from '../archive/entry-path.js';
import type { ArchiveEntry } from '../archive/records.js';
import { type PackageLimits, signedListLimitBytes } from '../limits.js';
import { PackageError, quotePath } from '../package-error.js';
import { SIGNATURE_BYTES, verifyEd25519Strict } from '../signature/ed25519.js';
import { META_INF, SIGNATURE_PATH, SIGNED_LIST_PATH, parseSignedList } from '../signature/signed-list.js';
import type { VerificationKey } from './verified-package.js';

/** What the developer signed, once a key has verified it. */
export interface SignedContent {
  digests: Map<string, Buffer>;
  signature: Buffer;
  signedBy: string;
}

/** Refuses every name at META-INF, in any case, but the two files that belong there. */
export function checkMetaInfNames(entries: readonly ArchiveEntry[]): void {
  const folded = foldPath(META_INF);
  for (const { path } of entries) {
    if (!`${foldPath(path)}/`.startsWith(folded)) continue;
    if (path !== 'META-INF' && !path.startsWith(META_INF)) {
      throw new PackageError('meta-inf-wrong-case', `${quotePath(path)} is not spelled META-INF.`, { path });
    }
    if (path !== META_INF && path !== SIGNED_LIST_PATH && path !== SIGNATURE_PATH) {
      throw new PackageError('meta-inf-unknown-file', `${quotePath(path)} does not belong in META-INF.`, { path });
    }
  }
}

/** Verifies the signature over MANIFEST.MF first, and only then reads what it lists and compares that to the archive. */
export async function verifySignature(
  archive: Archive,
  keys: readonly VerificationKey[],
  limits: PackageLimits,
  budget: Budget,
): Promise<SignedContent> {
  const { source, files } = archive;
  const list = files.get(SIGNED_LIST_PATH);
  const certificate = files.get(SIGNATURE_PATH);
  if (list === undefined) throw new PackageError('manifest-mf-missing', `The package has no ${SIGNED_LIST_PATH}.`);
  if (certificate === undefined) throw new PackageError('signature-missing', `The package has no ${SIGNATURE_PATH}.`);
  if (list.sizeBytes > signedListLimitBytes(limits)) {
    throw new PackageError('manifest-mf-too-large', `${SIGNED_LIST_PATH} is larger than any that is needed.`);
  }
  if (certificate.sizeBytes !== SIGNATURE_BYTES) {
    throw new PackageError(
      'signature-length',
      `${SIGNATURE_PATH} has ${certificate.sizeBytes} bytes; a signature has ${SIGNATURE_BYTES}.`,
    );
  }
  const signature = await readWholeEntry(source, certificate, budget);
  const message = await readWholeEntry(source, list, budget);
  const signer = keys.find((key) => verifyEd25519Strict(key.publicKey, message, signature));
  if (signer === undefined) {
    throw new PackageError('signature-unknown-key', 'No active signing key verifies the signature of the package.');
  }
  const digests = parseSignedList(message);
  compareLists(archive, digests);
  return { digests, signature, signedBy: signer.id };
}

function compareLists({ files }: Archive, digests: Map<string, Buffer>): void {
  for (const path of files.keys()) {
    if (!path.startsWith(META_INF) && !digests.has(path)) {
      throw new PackageError('entry-unlisted', `${quotePath(path)} is not listed in MANIFEST.MF.`, { path });
    }
  }
  for (const path of digests.keys()) {
    if (!files.has(path)) {
      throw new PackageError('entry-not-in-archive', `MANIFEST.MF lists ${quotePath(path)}, which is no file here.`, {
        path,
      });
    }
  }
}
