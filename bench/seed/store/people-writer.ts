import type { Database } from 'better-sqlite3';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { mintSeededKey } from '../../lib/internals-api.ts';
import { DAY_MS } from '../../lib/internals.ts';
import type { Random } from '../../lib/random.ts';
import { SeededIds } from './ids.ts';

/** A developer who owns apps, and what the measurements need of one. */
export interface Person {
  id: string;
  email: string;
  name: string;
  signingKeyId: string;
}

/** Writes accounts with their signing and API keys; the first is the reviewer of everything and owns nothing. */
export function writePeople(
  db: Database,
  random: Random,
  { developers, apiKeys, startMs }: { developers: number; apiKeys: number; startMs: number },
): { people: Person[]; apiKey: string } {
  const ids = new SeededIds(random);
  const insertDeveloper = db.prepare(
    `INSERT INTO developers (id, email, name, verified, role, created_at, updated_at) VALUES (?, ?, ?, 1, ?, ?, ?)`,
  );
  const insertSigningKey = db.prepare(
    `INSERT INTO signing_keys (id, developer_id, name, public_key, fingerprint, created_at) VALUES (?, ?, 'release', ?, ?, ?)`,
  );
  const insertApiKey = db.prepare(
    `INSERT INTO api_keys (id, developer_id, name, key_hash, key_prefix, permissions, created_at)
     VALUES (?, ?, 'build server', ?, ?, '["apps:read","versions:upload"]', ?)`,
  );
  const people: Person[] = [];
  for (let index = 0; index < developers; index += 1) {
    // Two years of registrations.
    const ms = startMs + Math.floor((index / developers) * 730 * DAY_MS);
    const at = new Date(ms).toISOString();
    const person = {
      id: ids.at(ms),
      email: `developer${index}@example.com`,
      name: `Developer ${index}`,
      signingKeyId: '',
    };
    insertDeveloper.run(person.id, person.email, person.name, index === 0 ? 'reviewer' : 'developer', at, at);
    person.signingKeyId = ids.at(ms);
    const { pem, fingerprint } = makePublicKey(random.hex(32));
    insertSigningKey.run(person.signingKeyId, person.id, pem, fingerprint, at);
    people.push(person);
  }
  let apiKey = '';
  for (let index = 0; index < apiKeys; index += 1) {
    const owner = people[index % developers] as Person;
    const ms = startMs + 730 * DAY_MS + index;
    const { key, displayPrefix } = mintSeededKey((characters) => random.hex(characters).slice(0, characters));
    // The second developer's key is the one to measure with.
    if (index === 1) apiKey = key;
    insertApiKey.run(ids.at(ms), owner.id, sha256(key), displayPrefix, new Date(ms).toISOString());
  }
  return { people, apiKey };
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** PKCS #8 of an Ed25519 private key, up to its 32 bytes (RFC 8410). */
const PKCS8_HEAD = '302e020100300506032b657004220420';

function makePublicKey(secretHex: string): { pem: string; fingerprint: string } {
  const secret = createPrivateKey({ key: Buffer.from(PKCS8_HEAD + secretHex, 'hex'), format: 'der', type: 'pkcs8' });
  const key = createPublicKey(secret);
  const der = key.export({ format: 'der', type: 'spki' });
  return {
    pem: String(key.export({ format: 'pem', type: 'spki' })),
    fingerprint: createHash('sha256').update(der.subarray(-32)).digest('hex'),
  };
}
