import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startS3Server, type S3Server } from '../../object-store/test/support/s3-server.js';
import { Stage } from './support/stage.js';

describe('backups in S3', () => {
  const stage = new Stage();
  let server: S3Server;
  const s3 = (secretAccessKey = server.secretAccessKey) => ({
    endpoint: server.endpoint,
    accessKeyId: server.accessKeyId,
    secretAccessKey,
    forcePathStyle: true,
  });

  beforeAll(async () => {
    server = await startS3Server();
    stage.location = { url: `s3://${server.bucket}/copies`, s3: s3() };
  });
  afterAll(async () => {
    await stage.remove();
    await server.kill();
  });

  it('are whole, are listed as whole, and come back', async () => {
    await stage.start({ lateAfterMs: 1_000 });
    stage.write('core', 30);
    stage.write('telemetry', 10);
    await stage.untilHealthy();
    expect(stage.status('core')).toMatchObject({ snapshots: 1, trouble: null });
    expect(stage.status('core').restorableSince).toBeInstanceOf(Date);
    const rows = stage.write('core', 10);
    await stage.stop();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('leave the credentials in no file and on no command line', async () => {
    await stage.start({ lateAfterMs: 1_000 });
    const { pid } = stage.supervisor?.status() ?? {};
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(server.secretAccessKey);
    for (const name of readdirSync(stage.dataDir).filter((entry) => entry.endsWith('.yml')))
      expect(readFileSync(join(stage.dataDir, name), 'utf8')).not.toContain(server.secretAccessKey);
    expect(JSON.stringify(stage.log)).not.toContain(server.secretAccessKey);
    await stage.stop();
  });

  it('that are refused are said to be late and why, once, and nothing else suffers', async () => {
    stage.location = { ...stage.location, s3: s3('another secret') };
    const from = stage.log.length;
    await stage.start({ lateAfterMs: 1_000 });
    const rows = stage.write('core', 5);
    await stage.until('a late backup', ({ problems }) => problems.some(({ code }) => code === 'backup-late'));
    const complaint = await stage.untilLogged('Litestream complains', from);
    expect(complaint.fields['litestream.error']).toMatch(/SignatureDoesNotMatch|403|Forbidden/);
    await stage.untilLogged('a backup has a problem', from);
    await stage.stop();
    const complaints = stage.log.slice(from).filter(({ message }) => message === 'Litestream complains');
    expect(new Set(complaints.map(({ fields }) => JSON.stringify(fields))).size).toBe(complaints.length);
    // With the right ones again, what was written meanwhile arrives.
    stage.location = { ...stage.location, s3: s3() };
    await stage.start();
    await stage.untilHealthy();
    await stage.stop();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('whose server is gone are late, and the databases are closed in time all the same', async () => {
    await stage.start({ lateAfterMs: 500 });
    await stage.untilHealthy();
    await server.kill();
    stage.write('core', 5);
    await stage.until('a late backup', ({ problems }) => problems.some(({ code }) => code === 'backup-late'));
    const startedAt = performance.now();
    await stage.stop();
    // Litestream is killed after the five seconds that this stage gives it; what waits for the server waits for ever.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});
