import { crc32 } from 'node:zlib';
import { randomBase62, toBase62 } from './secrets.js';

/**
 * `mk_live_` + 8 characters that name the key + 32 that are its secret (190 bits) + 6 of a CRC-32 over all before.
 * Fixed lengths and a checksum let a scanner tell a real key from a look-alike without asking us.
 */
const PREFIX = 'mk_live_';
const ID_LENGTH = 8;
const SECRET_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const SHAPE = /^mk_live_[0-9A-Za-z]{46}$/;

/** A freshly minted key and the part of it that may be shown for ever. */
export interface MintedKey {
  key: string;
  displayPrefix: string;
}

/** Mints a key from the system's random source. */
export function mintKey(): MintedKey {
  const id = randomBase62(ID_LENGTH);
  const body = `${PREFIX}${id}${randomBase62(SECRET_LENGTH)}`;
  return { key: body + checksum(body), displayPrefix: `${PREFIX}${id.slice(0, 4)}…` };
}

/** Whether a text has the form and the checksum of a key; says nothing about whether the key exists. */
export function isWellFormedKey(text: string): boolean {
  return SHAPE.test(text) && text.slice(-CHECKSUM_LENGTH) === checksum(text.slice(0, -CHECKSUM_LENGTH));
}

/** The length of every key, in characters. */
export const KEY_LENGTH = PREFIX.length + ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH;

function checksum(body: string): string {
  return toBase62(crc32(body), CHECKSUM_LENGTH);
}
