import { type KeyObject, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { PackageError } from '../package-error.js';
import { isPrimeOrderPoint } from './edwards.js';
import { PUBLIC_KEY_BYTES, SPKI_PREFIX, fingerprint, isCanonicalPoint, isSmallOrder } from './ed25519.js';

/** A fresh Ed25519 key pair in the forms people keep: PKCS #8 for signing, SPKI for registering. */
export interface SigningKey {
  privateKeyPem: string;
  publicKeyPem: string;
  fingerprint: string;
}

/** Makes a signing key from the operating system's randomness. */
export function generateSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: fingerprint(rawPublicKey(publicKey)),
  };
}

const PEM = /^\s*-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END PUBLIC KEY-----\s*$/;

/**
 * The 32 raw bytes of a public key in PEM SPKI form. Throws `public-key-unreadable` for anything else, and
 * `public-key-weak` for points that verifiers treat differently: small order, mixed order, not on the curve, or not
 * canonically encoded.
 */
export function parsePublicKeyPem(pem: string): Buffer {
  const key = decodePublicKeyPem(pem);
  if (!isCanonicalPoint(key) || isSmallOrder(key) || !isPrimeOrderPoint(key)) {
    throw new PackageError('public-key-weak', 'The key is no point that every verifier of Ed25519 treats alike.');
  }
  return key;
}

/**
 * The 32 raw bytes of a public key in PEM SPKI form, without the check of the point, which takes milliseconds: for keys
 * that `parsePublicKeyPem` accepted when they were registered. Throws `public-key-unreadable` for anything else.
 */
export function decodePublicKeyPem(pem: string): Buffer {
  if (/PRIVATE KEY-----/.test(pem)) {
    throw new PackageError('public-key-unreadable', 'This is a private key. Keep it secret and send the public one.');
  }
  const body = pem.length <= 1024 ? PEM.exec(pem)?.[1]?.replace(/\s+/g, '') : undefined;
  const der = Buffer.from(body ?? '', 'base64');
  const isSpki = der.length === SPKI_PREFIX.length + PUBLIC_KEY_BYTES && der.indexOf(SPKI_PREFIX) === 0;
  if (!isSpki || der.toString('base64') !== body) {
    throw new PackageError(
      'public-key-unreadable',
      'An Ed25519 public key in PEM form ("BEGIN PUBLIC KEY") is needed.',
    );
  }
  return Buffer.from(der.subarray(SPKI_PREFIX.length));
}

/** What people register, but for spaces and line ends of other systems: the prefix of SPKI, and the key to its last bit. */
const USUAL_PEM =
  /^-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\n-----END PUBLIC KEY-----\n?$/;

/**
 * What `decodePublicKeyPem` answers, in base64: for pages with many keys. The 12 bytes of the prefix are 16 whole characters, so
 * that the rest is the key's as it stands there (RFC 4648 §4), and nothing is decoded.
 */
export function publicKeyBase64(pem: string): string {
  return USUAL_PEM.exec(pem)?.[1] ?? decodePublicKeyPem(pem).toString('base64');
}

/** The 32 raw bytes that belong to a private or public Ed25519 key; throws `private-key-unusable` for another kind. */
export function rawPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new PackageError('private-key-unusable', 'Packages are signed with an Ed25519 key.');
  }
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return Buffer.from(der.subarray(der.length - PUBLIC_KEY_BYTES));
}
