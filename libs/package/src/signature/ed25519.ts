import { createHash, createPublicKey, verify } from 'node:crypto';
import { FIELD_PRIME, GROUP_ORDER, isSmallOrderY, littleEndian } from './edwards.js';

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** DER of a SubjectPublicKeyInfo for Ed25519 up to the 32 key bytes (RFC 8410, section 4). */
export const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Whether an encoded point has y < p and does not claim a negative zero, the one encoding RFC 8032 allows for it. */
export function isCanonicalPoint(encoded: Buffer): boolean {
  const y = yOf(encoded);
  const isNegative = (encoded[31]! & 0x80) !== 0;
  const xIsZero = y === 1n || y === FIELD_PRIME - 1n;
  return y < FIELD_PRIME && !(xIsZero && isNegative);
}

/** Whether an encoded point is one of the eight whose order divides 8, in any encoding. */
export function isSmallOrder(encoded: Buffer): boolean {
  return isSmallOrderY(yOf(encoded) % FIELD_PRIME);
}

/**
 * Whether a key and a signature are encoded so that every careful verifier agrees about them: right lengths, S < L, A and
 * R canonical, neither of small order. Some versions of OpenSSL check a part of this by themselves; which, depends on
 * the version, so nothing here relies on it.
 */
export function isStrictlyEncoded(publicKey: Buffer, signature: Buffer): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const encodedR = signature.subarray(0, 32);
  if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) return false;
  if (!isCanonicalPoint(publicKey) || !isCanonicalPoint(encodedR)) return false;
  return !isSmallOrder(publicKey) && !isSmallOrder(encodedR);
}

/**
 * Verifies as RFC 8032 demands and a little more: {@link isStrictlyEncoded}, and the equation without cofactor. Never
 * throws on any bytes.
 */
export function verifyEd25519Strict(publicKey: Buffer, message: Buffer, signature: Buffer): boolean {
  if (!isStrictlyEncoded(publicKey, signature)) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
}

/** Hex SHA-256 of the 32 key bytes, the name a signing key goes by. */
export function fingerprint(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

function yOf(encoded: Buffer): bigint {
  return littleEndian(encoded) & ((1n << 255n) - 1n);
}
