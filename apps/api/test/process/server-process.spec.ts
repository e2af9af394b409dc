import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { HttpClient, signInOverHttp } from '../support/http-client.js';
import { DataDirectory } from '../support/server-process.js';

const ADMIN = { ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'a password for tests' };

describe('the server process', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it('refuses a second start on the same data directory and says who holds it', async () => {
    const server = await data.serve();
    const second = await data.mosis(['serve']);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${server.child.pid}`);
    expect(second.stderr).toContain('mosis serve');
    expect(await server.kill('SIGTERM')).toBe(0);
  });

  it('creates the admin of the settings once, and prints a one-time link without them', async () => {
    const empty = new DataDirectory();
    try {
      const first = await empty.serve();
      const link = /http:\S+\/admin\/setup#token=([A-Za-z0-9]+)/.exec(first.log);
      expect(link).not.toBeNull();
      const client = new HttpClient(first.url);
      const setup = { token: link?.[1], name: 'First', email: 'first@example.com', password: 'a password for tests' };
      expect((await client.post('/v1/auth/setup', setup)).status).toBe(201);
      expect((await client.post('/v1/auth/setup', setup)).status).toBe(422);
      await first.kill('SIGTERM');
      const second = await empty.serve(ADMIN);
      expect(second.log).not.toContain('/admin/setup');
      // There is an admin already, so the settings create none.
      expect(
        (
          await client
            .at(second.url)
            .post('/v1/auth/login', { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD })
        ).status,
      ).toBe(401);
    } finally {
      await empty.remove();
    }
  });

  it('finishes a request that it has accepted before it stops', async () => {
    const server = await data.serve(ADMIN);
    const client = await signInOverHttp(server.url, ADMIN.ADMIN_EMAIL, ADMIN.ADMIN_PASSWORD);
    // Signing in is slow on purpose: the answer is still to come when the signal arrives.
    const login = client.post('/v1/auth/login', { email: ADMIN.ADMIN_EMAIL, password: ADMIN.ADMIN_PASSWORD });
    await new Promise<void>((resolve) => {
      const socket = createConnection(Number(new URL(server.url).port), '127.0.0.1', () => {
        socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      });
      // Its answer proves that the login before it has been taken in.
      socket.once('data', () => resolve());
    });
    const ended = server.kill('SIGTERM');
    expect((await login).status).toBe(200);
    expect(await ended).toBe(0);
    expect(existsSync(join(data.path, 'server.json'))).toBe(false);
  });

  it('takes a command from the command line while it runs, and does it itself', async () => {
    const server = await data.serve(ADMIN);
    const created = await data.mosis(
      ['admin', 'create', '--email', 'second@example.com', '--password-stdin'],
      'another good password\n',
    );
    expect(created).toMatchObject({ code: 0 });
    await signInOverHttp(server.url, 'second@example.com', 'another good password');
    const audit = await data.mosis(['audit', 'verify']);
    expect(audit.stdout).toContain('The chain is whole');
    expect(server.log).toContain('admin.create');
    expect(server.log).not.toContain('another good password');
    const status = await data.mosis(['db', 'status']);
    expect(status.stdout).toContain('Up to date.');
    for (const change of [['rollback'], ['restore-point', 'use', '20260101T000000000Z-none']]) {
      const refused = await data.mosis(['db', ...change]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('is in use by process');
    }
    await server.kill('SIGTERM');
  });

  it('has a line for each request, but for what devices ask and get only when somebody wants to see it', async () => {
    const pathsAt = async (level: string) => {
      const server = await data.serve({ LOG_LEVEL: level });
      for (const path of ['/healthz', '/v1/store/categories', '/v1/store/apps/com.example.none'])
        await fetch(`${server.url}${path}?secret=1`);
      await server.kill('SIGTERM');
      const lines = server.log.split('\n').filter((line) => line.includes('"msg":"request"'));
      return lines.map((line) => (JSON.parse(line) as { 'http.path': string })['http.path']);
    };
    const [seen, unseen] = [['/healthz', '/v1/store/apps/com.example.none'], '/v1/store/categories'];
    expect(await pathsAt('info')).toEqual(seen);
    expect(await pathsAt('debug')).toEqual([seen[0], unseen, seen[1]]);
  });

  it('says every problem of its settings at once', async () => {
    const result = await data.mosis(['serve'], '', { PORT: 'many', LOG_LEVEL: 'loud', ADMIN_EMAIL: 'a@example.com' });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/PORT/);
    expect(result.stderr).toMatch(/LOG_LEVEL/);
  });

  it('says which address is taken', async () => {
    const server = await data.serve();
    const other = new DataDirectory();
    try {
      const result = await other.mosis(['serve'], '', { PORT: new URL(server.url).port });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('Stop it, or set PORT');
    } finally {
      await other.remove();
      await server.kill('SIGTERM');
    }
  });

  it('writes where it listens beside its lock, for tools', async () => {
    const server = await data.serve();
    const holder = JSON.parse(readFileSync(join(data.path, 'server.json'), 'utf8')) as Record<string, unknown>;
    expect(holder).toMatchObject({ pid: server.child.pid, address: server.url, command: 'mosis serve' });
    await server.kill('SIGTERM');
  });
});
