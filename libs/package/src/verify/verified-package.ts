import type { PackageLimits } from '../limits.js';
import type { PackageManifest } from '../manifest/manifest-schema.js';
import type { CheckReport } from '../package-error.js';

/** A public key that packages may be signed with: raw Ed25519, and the caller's id for it. */
export interface VerificationKey {
  id: string;
  publicKey: Buffer;
}

/** Whose signature counts, and how much work a package may cause. */
export interface VerifyOptions {
  keys: readonly VerificationKey[];
  limits?: Partial<PackageLimits>;
  /** Ends the verification with the signal's reason. */
  signal?: AbortSignal;
}

/** One file of a package outside META-INF/. */
export interface PackageEntry {
  path: string;
  sizeBytes: number;
  /** Hex, as signed in MANIFEST.MF. */
  sha256: string;
}

/** Something harmless that a reviewer should see. */
export interface PackageNote {
  code: NoteCode;
  detail: string;
}

export type NoteCode =
  'icon-dimensions' | 'icon-trailing-data' | 'manifest-unknown-key' | 'nested-archive' | 'unknown-extra-field';

/** A package that passed all five checks. */
export interface VerifiedPackage {
  /** Hex SHA-256 of the whole file, taken over the very bytes that were verified. */
  sha256: string;
  sizeBytes: number;
  manifest: PackageManifest;
  /** Sorted by path. */
  entries: PackageEntry[];
  /** The 64 bytes of CERT.SIG. */
  signature: Buffer;
  /** Id of the key that verified. */
  signedBy: string;
  checks: CheckReport[];
  /** The largest icon of the manifest, re-encoded. */
  icon?: Buffer;
  notes: PackageNote[];
}
