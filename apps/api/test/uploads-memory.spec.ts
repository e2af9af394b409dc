import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { buildTestPackage, PASSWORD } from './support/actors.js';
import { generateSigningKey } from '@mosis/package';
import { signInOverHttp } from './support/http-client.js';
import { DataDirectory } from './support/server-process.js';

const MIB = 1024 * 1024;
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: PASSWORD };

/** The resident memory of a process in MiB: now, or the most since its peak was last forgotten. */
function readResident(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

/** By how much a process grew at its highest during some work, in MiB. */
async function measureRise(pid: number, work: () => Promise<void>): Promise<number> {
  const before = readResident(pid, 'VmRSS');
  // Forgets the peak, which is that of the whole life otherwise: starting takes more than what is measured here.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  await work();
  return readResident(pid, 'VmHWM') - before;
}

describe('the real server process', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it('takes a package of 100 MiB with less than 25 MiB of memory, and gives it to two at once with less than 150', async () => {
    const key = generateSigningKey();
    const packageId = 'com.example.large';
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`part-${index}.bin`, randomBytes(11 * MIB)]),
    );
    // Before the server starts: one that is left alone while this is built shrinks its heap, in the middle of a measure perhaps.
    const large = await buildTestPackage(key, { packageId, versionCode: 2, files });
    expect(large.length).toBeGreaterThan(99 * MIB);

    const server = await data.serve({ ...ADMIN, RATE_LIMITS: 'off', LOG_LEVEL: 'warn' });
    const client = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    await client.post('/v1/signing-keys', { name: 'key', public_key: key.publicKeyPem });
    await client.post('/v1/apps', { package_id: packageId, name: 'Large' });
    const url = `/v1/apps/${packageId}/versions`;
    // The first one starts the thread and warms the code up, as any upload before would have done.
    const small = await client.post(url, await buildTestPackage(key, { packageId }));
    expect(small.status).toBe(201);

    const pid = server.child.pid ?? 0;
    const taking = await measureRise(pid, async () => {
      const answer = await client.post(url, large);
      expect(answer.status).toBe(201);
    });
    expect(taking).toBeLessThan(25);

    // Chunks of a download are garbage, of which V8 lets 64 MiB gather, and what arrives while it marks, however many
    // downloads there are. Packages that were held would be 200 MiB: both are under way before either is read.
    const giving = await measureRise(pid, async () => {
      const answers = await Promise.all([1, 2].map(() => client.get(`${url}/2/package`)));
      const copies = await Promise.all(answers.map(async (answer) => Buffer.from(await answer.arrayBuffer())));
      expect(copies.map((copy) => copy.equals(large))).toEqual([true, true]);
    });
    expect(giving).toBeLessThan(150);
  });
});
