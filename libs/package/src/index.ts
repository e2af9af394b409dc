export { buildPackage, buildPackageFromEntries, type BuildOptions, type SourceEntry } from './build/build-package.js';
export { PACKAGE_ERROR_CODES, type PackageErrorCode } from './error-codes.js';
export { DEFAULT_IMAGE_LIMITS, type ImageLimits, reencodePng } from './images/reencode-png.js';
export { DEFAULT_PACKAGE_LIMITS, type PackageLimits } from './limits.js';
export { manifestSchema, type PackageManifest } from './manifest/manifest-schema.js';
export { PACKAGE_ID_PATTERN, isPackageId } from './manifest/package-id.js';
export { compareSemver, normaliseSemver } from './manifest/version-name.js';
export { type CheckName, type CheckReport, type Evidence, PackageError } from './package-error.js';
export { SECRET_KEY_PATTERN } from './secrets/secret-patterns.js';
export { SecretFindings, SecretScanner, findSecrets } from './secrets/secret-scanner.js';
export { fingerprint, verifyEd25519Strict } from './signature/ed25519.js';
export {
  type SigningKey,
  decodePublicKeyPem,
  generateSigningKey,
  parsePublicKeyPem,
  publicKeyBase64,
} from './signature/keys.js';
export { listEntries, readEntry } from './verify/inspect-package.js';
export { verifyPackage } from './verify/verify-package.js';
export type {
  PackageEntry,
  PackageNote,
  VerificationKey,
  VerifiedPackage,
  VerifyOptions,
} from './verify/verified-package.js';
