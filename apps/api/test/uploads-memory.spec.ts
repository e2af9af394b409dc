import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { buildTestPackage, PASSWORD } from './support/actors.js';
import { generateSigningKey } from '@mosis/package';
import { signInOverHttp } from './support/http-client.js';
import { DataDirectory } from './support/server-process.js';

const MIB = 1024 * 1024;
const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: PASSWORD };

/** The most memory that a process has had resident since `reset`, in MiB. */
function readResident(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
}

describe('the real server process', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it('takes a package of 100 MiB with less than 25 MiB of memory, and gives it with less than 80', async () => {
    const server = await data.serve({ ...ADMIN, RATE_LIMITS: 'off', LOG_LEVEL: 'warn' });
    const client = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    const key = generateSigningKey();
    await client.post('/v1/signing-keys', { name: 'key', public_key: key.publicKeyPem });
    const packageId = 'com.example.large';
    await client.post('/v1/apps', { package_id: packageId, name: 'Large' });
    const url = `/v1/apps/${packageId}/versions`;
    // The first one starts the thread and warms the code up, as any upload before would have done.
    const small = await client.post(url, await buildTestPackage(key, { packageId }));
    expect(small.status).toBe(201);
    const files = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`part-${index}.bin`, randomBytes(11 * MIB)]),
    );
    const large = await buildTestPackage(key, { packageId, versionCode: 2, files });
    expect(large.length).toBeGreaterThan(99 * MIB);

    const pid = server.child.pid ?? 0;
    const before = readResident(pid, 'VmRSS');
    const answer = await client.post(url, large);
    expect(answer.status).toBe(201);
    const rise = readResident(pid, 'VmHWM') - before;
    expect(rise).toBeLessThan(25);

    const stored = await client.get(`${url}/2/package`);
    expect(Buffer.from(await stored.arrayBuffer()).equals(large)).toBe(true);
    // Chunks of a download are garbage, of which V8 lets 64 MiB gather.
    expect(readResident(pid, 'VmHWM') - before).toBeLessThan(80);
  });
});
