import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { GROUP_ORDER, FIELD_PRIME, isPrimeOrderPoint } from './edwards.js';
import { fingerprint, isCanonicalPoint, isSmallOrder, isStrictlyEncoded, verifyEd25519Strict } from './ed25519.js';
import { generateSigningKey, parsePublicKeyPem } from './keys.js';

const message = Buffer.from('the bytes that are signed');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const rawKey = Buffer.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(12));
const signature = sign(null, message, privateKey);

function encode(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
function decode(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
function toPem(key: Buffer): string {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]).toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${der}\n-----END PUBLIC KEY-----\n`;
}
function codeOf(pem: string): string {
  try {
    parsePublicKeyPem(pem);
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const { Point } = ed25519;
const torsionGenerator = findTorsionGenerator();
/** The eight points whose order divides 8. */
const smallOrderPoints = Array.from({ length: 8 }, (_, n) =>
  n === 0 ? Point.ZERO : torsionGenerator.multiply(BigInt(n)),
);
const smallOrderEncodings = smallOrderPoints.map((point) => Buffer.from(point.toBytes()));

/** L times a random point of the curve has an order that divides 8; most of the time it is 8. */
function findTorsionGenerator() {
  for (let seed = 0; ; seed++) {
    const bytes = createHash('sha256').update(`seed ${seed}`).digest();
    bytes[31]! &= 0x7f;
    try {
      const point = Point.fromBytes(bytes)
        .multiplyUnsafe(GROUP_ORDER - 1n)
        .add(Point.fromBytes(bytes));
      if (!point.multiplyUnsafe(4n).equals(Point.ZERO)) return point;
    } catch {
      continue;
    }
  }
}

/** A signature that satisfies the equation for any point as A and any as R, with the challenge of RFC 8032. */
function signatureFor(a: Buffer, r: Buffer, secret: bigint, nonce: bigint): Buffer {
  const challenge = decode(createHash('sha512').update(r).update(a).update(message).digest()) % GROUP_ORDER;
  return Buffer.concat([r, encode((nonce + challenge * secret) % GROUP_ORDER)]);
}

/** Both the whole verification and our own part of it, since the platform's part differs between versions. */
function expectRefused(key: Buffer, text: Buffer, candidate: Buffer): void {
  expect(isStrictlyEncoded(key, candidate)).toBe(false);
  expect(verifyEd25519Strict(key, text, candidate)).toBe(false);
}

describe('strict Ed25519', () => {
  it('finds nothing wrong with the encoding of honest keys and signatures', () => {
    expect(isStrictlyEncoded(rawKey, signature)).toBe(true);
    expect(isStrictlyEncoded(rawKey, Buffer.concat([signature.subarray(0, 32), encode(GROUP_ORDER - 1n)]))).toBe(true);
    expectRefused(rawKey, message, Buffer.concat([signature.subarray(0, 32), encode(GROUP_ORDER)]));
  });

  it('verifies what Node and noble sign', () => {
    expect(verifyEd25519Strict(rawKey, message, signature)).toBe(true);
    const secret = ed25519.utils.randomSecretKey();
    const nobleSignature = Buffer.from(ed25519.sign(message, secret));
    expect(verifyEd25519Strict(Buffer.from(ed25519.getPublicKey(secret)), message, nobleSignature)).toBe(true);
  });

  it('verifies the first two vectors of RFC 8032', () => {
    const vectors = [
      [
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
        '',
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ],
      [
        '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
        '72',
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      ],
    ] as const;
    for (const parts of vectors) {
      const [key, text, expected] = parts.map((hex) => Buffer.from(hex, 'hex')) as [Buffer, Buffer, Buffer];
      expect(verifyEd25519Strict(key, text, expected)).toBe(true);
      expect(verifyEd25519Strict(key, Buffer.concat([text, Buffer.of(0)]), expected)).toBe(false);
    }
  });

  it('refuses every single flipped bit of key, message and signature', () => {
    const flipped = (bytes: Buffer, bit: number) => {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    };
    for (let bit = 0; bit < 512; bit++)
      expect(verifyEd25519Strict(rawKey, message, flipped(signature, bit))).toBe(false);
    for (let bit = 0; bit < 256; bit++)
      expect(verifyEd25519Strict(flipped(rawKey, bit), message, signature)).toBe(false);
    for (let bit = 0; bit < message.length * 8; bit++) {
      expect(verifyEd25519Strict(rawKey, flipped(message, bit), signature)).toBe(false);
    }
  });

  it('refuses S + L, S + 2L and so on up to 256 bits', () => {
    const r = signature.subarray(0, 32);
    let s = decode(signature.subarray(32)) + GROUP_ORDER;
    for (; s < 1n << 256n; s += GROUP_ORDER) {
      expectRefused(rawKey, message, Buffer.concat([r, encode(s)]));
    }
  });

  it('refuses wrong lengths', () => {
    expect(verifyEd25519Strict(rawKey.subarray(1), message, signature)).toBe(false);
    expect(verifyEd25519Strict(rawKey, message, signature.subarray(1))).toBe(false);
    expect(verifyEd25519Strict(rawKey, message, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
    expect(verifyEd25519Strict(Buffer.alloc(0), message, Buffer.alloc(0))).toBe(false);
  });

  it('knows all eight small-order points and none else', () => {
    expect(new Set(smallOrderEncodings.map((bytes) => bytes.toString('hex'))).size).toBe(8);
    for (const encoded of smallOrderEncodings) expect(isSmallOrder(encoded)).toBe(true);
    expect(isSmallOrder(rawKey)).toBe(false);
    expect(isSmallOrder(Buffer.from(Point.BASE.toBytes()))).toBe(false);
  });

  it('refuses each small-order key with the signature that satisfies its equation', () => {
    for (const a of smallOrderEncodings) {
      // With S = s and R = s·B the equation s·B = R + k·A holds whenever k·A vanishes, always for the neutral element.
      for (let nonce = 1n; nonce <= 16n; nonce++) {
        const r = Buffer.from(Point.BASE.multiply(nonce).toBytes());
        expectRefused(a, message, signatureFor(a, r, 0n, nonce));
      }
    }
  });

  it('refuses each small-order R with the signature that satisfies the equation', () => {
    const secret = 12345n;
    const a = Buffer.from(Point.BASE.multiply(secret).toBytes());
    expect(
      verifyEd25519Strict(a, message, signatureFor(a, Buffer.from(Point.BASE.multiply(7n).toBytes()), secret, 7n)),
    ).toBe(true);
    for (const r of smallOrderEncodings) {
      expectRefused(a, message, signatureFor(a, r, secret, 0n));
    }
  });

  it('refuses non-canonical encodings of A and R, also where the point itself would verify', () => {
    const signed = (encoded: Buffer) => {
      const copy = Buffer.from(encoded);
      copy[31]! |= 0x80;
      return copy;
    };
    const encodings = [
      ...Array.from({ length: 19 }, (_, n) => encode(FIELD_PRIME + BigInt(n))),
      signed(encode(1n)),
      signed(encode(FIELD_PRIME - 1n)),
    ];
    for (const encoded of [...encodings, ...encodings.map(signed)]) {
      expect(isCanonicalPoint(encoded)).toBe(false);
      expectRefused(encoded, message, signature);
      expectRefused(rawKey, message, Buffer.concat([encoded, signature.subarray(32)]));
    }
    expect(encodings.filter((encoded) => isSmallOrder(encoded)).length).toBeGreaterThanOrEqual(4);
  });

  it('judges R with a small-order part by the equation without cofactor', () => {
    const secret = 999n;
    const a = Buffer.from(Point.BASE.multiply(secret).toBytes());
    for (const torsion of smallOrderPoints.slice(1)) {
      const mixed = Buffer.from(Point.BASE.multiply(5n).add(torsion).toBytes());
      // A verifier that multiplies by the cofactor would accept this.
      expect(verifyEd25519Strict(a, message, signatureFor(a, mixed, secret, 5n))).toBe(false);
    }
  });

  it('never throws on any bytes', () => {
    const bytes = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Buffer.from(b));
    fc.assert(
      fc.property(bytes(32), fc.uint8Array(), bytes(64), (key, text, candidate) => {
        expect(verifyEd25519Strict(key, Buffer.from(text), candidate)).toBe(false);
      }),
    );
  });
});

describe('public keys', () => {
  it('survive the way to PEM and back', () => {
    const key = generateSigningKey();
    const raw = parsePublicKeyPem(key.publicKeyPem);
    expect(raw).toHaveLength(32);
    expect(fingerprint(raw)).toBe(key.fingerprint);
    expect(key.fingerprint).toBe(createHash('sha256').update(raw).digest('hex'));
    const signedByIt = sign(null, message, createPrivateKey(key.privateKeyPem));
    expect(verifyEd25519Strict(raw, message, signedByIt)).toBe(true);
    expect(parsePublicKeyPem(key.publicKeyPem.replaceAll('\n', '\r\n'))).toEqual(raw);
    expect(parsePublicKeyPem(`\n${key.publicKeyPem.trim()}`)).toEqual(raw);
  });

  const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
  const pem = generateSigningKey().publicKeyPem;
  it.each([
    ['nothing', ''],
    ['text', 'ssh-ed25519 AAAA'],
    ['another curve', ecKey.toString()],
    ['X25519', generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a private key', generateSigningKey().privateKeyPem],
    ['a private key behind a public one', pem + generateSigningKey().privateKeyPem],
    ['two keys', pem + pem],
    ['text before the key', `hello\n${pem}`],
    ['another label', pem.replaceAll('PUBLIC KEY', 'CERTIFICATE')],
    ['a key one byte short', toPem(rawKey.subarray(1))],
    ['a key one byte long', toPem(Buffer.concat([rawKey, Buffer.of(0)]))],
    ['base64 that is not canonical', pem.replace(/=\n/, '\n')],
    ['a very long text', `${pem}${' '.repeat(5000)}`],
  ])('are refused as unreadable: %s', (_title, text) => {
    expect(codeOf(text)).toBe('public-key-unreadable');
  });

  it('are refused as weak when of small or mixed order, not on the curve, or not canonical', () => {
    for (const encoded of smallOrderEncodings) expect(codeOf(toPem(encoded))).toBe('public-key-weak');
    for (let n = 0n; n < 19n; n++) expect(codeOf(toPem(encode(FIELD_PRIME + n)))).toBe('public-key-weak');
    for (const torsion of smallOrderPoints.slice(1)) {
      const mixed = Buffer.from(Point.BASE.multiply(77n).add(torsion).toBytes());
      expect(codeOf(toPem(mixed))).toBe('public-key-weak');
    }
    const offCurve = Array.from({ length: 40 }, (_, n) => encode(BigInt(n) + 2n)).filter((bytes) => {
      try {
        Point.fromBytes(bytes);
        return false;
      } catch {
        return true;
      }
    });
    expect(offCurve.length).toBeGreaterThan(5);
    for (const bytes of offCurve) expect(codeOf(toPem(bytes))).toBe('public-key-weak');
  });

  it('are accepted whenever they belong to a private key', () => {
    for (let n = 0; n < 30; n++) {
      const raw = Buffer.from(ed25519.getPublicKey(ed25519.utils.randomSecretKey()));
      expect(isPrimeOrderPoint(raw)).toBe(true);
      expect(parsePublicKeyPem(toPem(raw))).toEqual(raw);
    }
  });
});
