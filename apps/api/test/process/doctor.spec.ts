import { readdirSync } from 'node:fs';
import type { Finding } from '../../src/doctor/finding.js';
import { DataDirectory } from '../support/server-process.js';

describe('mosis doctor', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it('lists settings that cannot be used, and fails', async () => {
    const result = await data.mosis(['doctor'], '', { PORT: 'many', SMTP_URL: 'nonsense' });
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^fail +settings/m);
    expect(result.stdout).toContain('PORT:');
    expect(result.stdout).toContain('SMTP_URL:');
    expect(readdirSync(data.path)).toEqual([]);
  });

  it('examines a server that runs, without disturbing it', async () => {
    const server = await data.serve();
    const result = await data.mosis(['doctor', '--deep', '--json']);
    const { ok, findings } = JSON.parse(result.stdout) as { ok: boolean; findings: Finding[] };
    const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
    expect(findings.filter(({ status }) => status === 'fail')).toEqual([]);
    expect({ ok, code: result.code }).toEqual({ ok: true, code: 0 });
    expect(byCheck.get('server')?.detail).toContain(`process ${server.child.pid} on ${server.url} answers 200`);
    expect(byCheck.get('core.db')?.detail).toContain('every page checked');
    expect(byCheck.get('telemetry.db')?.detail).toContain('every page checked');
    expect(byCheck.get('litestream')?.detail).toContain('0.3.13');
    for (const check of [
      'node',
      'sqlite',
      'file system',
      'sync speed',
      'free space',
      'permissions',
      'privacy',
      'clock',
    ])
      expect(byCheck.get(check)?.detail).toBeTruthy();
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    await server.kill('SIGTERM');
  });
});
