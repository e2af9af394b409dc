import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCoreMigrations } from '@mosis/db';
import { DataDirectory } from '../support/server-process.js';

describe('mosis db', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it('migrates an empty directory, takes a step back, and goes forward again', async () => {
    expect((await data.mosis(['db', 'status'])).stdout).toContain('pending');
    expect(existsSync(join(data.path, 'core.db'))).toBe(false);
    expect(await data.mosis(['db', 'migrate'])).toMatchObject({ code: 0 });
    const { stdout } = await data.mosis(['db', 'status']);
    expect(stdout).toContain('Up to date.');
    expect(stdout).toMatch(/^applied +core\.db +0001_accounts/m);
    expect(stdout).toMatch(/^applied +telemetry\.db +0001_engine/m);
    const back = await data.mosis(['db', 'rollback', '--steps', '2']);
    expect(back).toMatchObject({ code: 0 });
    expect(back.stdout.match(/took back/g)).toHaveLength(2);
    expect((await data.mosis(['db', 'status'])).stdout).toContain('2 pending');
    expect(await data.mosis(['db', 'migrate'])).toMatchObject({ code: 0 });
  });

  it('refuses to take back what holds rows, until each loss is named', async () => {
    expect(
      await data.mosis(['admin', 'create', '--email', 'a@example.com', '--password', 'a password for tests']),
    ).toMatchObject({ code: 0 });
    const steps = `${readCoreMigrations().filter(({ name }) => name >= '0004_audit').length}`;
    const refused = await data.mosis(['db', 'rollback', '--steps', steps]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('audit_logs (');
    expect(refused.stderr).toContain('--allow-loss');
    expect((await data.mosis(['audit', 'verify'])).stdout).toContain('whole');
    const allowed = await data.mosis([
      'db',
      'rollback',
      '--steps',
      steps,
      '--allow-loss',
      'audit_logs',
      '--allow-loss',
      'developers',
      '--allow-loss',
      'jobs',
    ]);
    expect(allowed).toMatchObject({ code: 0 });
  });
});

describe('mosis package', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it('makes a key, builds a package with it and verifies the package', async () => {
    const key = join(data.path, 'key.pem');
    const made = await data.mosis(['package', 'keygen', key]);
    expect(made).toMatchObject({ code: 0 });
    expect(statSync(key).mode & 0o777).toBe(0o600);
    const source = join(data.path, 'app');
    mkdirSync(source);
    writeFileSync(
      join(source, 'manifest.json'),
      JSON.stringify({
        id: 'com.example.cli',
        name: 'CLI',
        version: '1.0.0',
        version_code: 1,
        entry: 'main.rml',
        permissions: [],
        min_mosis_version: '1.0.0',
      }),
    );
    writeFileSync(join(source, 'main.rml'), '<rml/>');
    const out = join(data.path, 'cli.mosis');
    expect(await data.mosis(['package', 'build', source, '--key', key, '--out', out])).toMatchObject({ code: 0 });
    const verified = await data.mosis(['package', 'verify', out, '--public-key', `${key}.pub`, '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      manifest: { id: 'com.example.cli' },
      checks: expect.any(Array),
    });
    const bytes = readFileSync(out);
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    writeFileSync(out, bytes);
    const broken = await data.mosis(['package', 'verify', out, '--public-key', `${key}.pub`]);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/^[a-z0-9-]+: /);
  });

  it('does not overwrite a key', async () => {
    const key = join(data.path, 'kept.pem');
    await data.mosis(['package', 'keygen', key]);
    const before = readFileSync(key, 'utf8');
    const again = await data.mosis(['package', 'keygen', key]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('exists');
    expect(readFileSync(key, 'utf8')).toBe(before);
  });
});

describe('mosis', () => {
  const data = new DataDirectory();
  afterAll(() => data.remove());

  it.each([['--help'], ['db', '--help'], ['package', '--help'], ['demo', 'load', '--help'], ['audit', '--help']])(
    'explains itself: %s',
    async (...args) => {
      const result = await data.mosis(args);
      expect(result.code).toBe(0);
      expect(result.stdout).toContain('Usage:');
    },
  );

  it('says nothing of a reader who has gone', () => {
    // `true` reads nothing and is gone before the command has started.
    const script = '( DATA_DIR="$2" "$0" "$1" db status; echo "code $?" >&2 ) | true';
    const { stderr } = spawnSync('sh', ['-c', script, process.execPath, data.main, data.path], { encoding: 'utf8' });
    expect(stderr).toBe('code 0\n');
  });

  it.each([
    ['audit', 'verify'],
    ['audit', 'archive'],
    ['objects', 'verify'],
    ['backup', 'verify'],
    ['telemetry', 'audit'],
    ['telemetry', 'status'],
  ])('finds nothing in order where there is no store, and makes none: %s %s', async (...args) => {
    const elsewhere = join(data.path, 'mistyped');
    const result = await data.mosis(args, '', { DATA_DIR: elsewhere });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain(`There is no store in ${elsewhere}`);
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('says which Litestream is missing', async () => {
    const said = async (path: string) => (await data.mosis(['backup', 'status'], '', { LITESTREAM_PATH: path })).stdout;
    expect(await said('/opt/litestream')).toContain(
      'Nothing is backed up. There is no Litestream binary at /opt/litestream',
    );
    // A folder is as little a program as nothing is.
    expect(await said(data.path)).toContain(`There is no Litestream binary at ${data.path}`);
  });

  it('keeps standard output for what was asked, also when Litestream complains', async () => {
    expect(await data.mosis(['admin', 'link'])).toMatchObject({ code: 0 });
    const file = join(data.path, 'a-file');
    writeFileSync(file, '');
    const result = await data.mosis(['audit', 'verify', '--json'], '', { BACKUP_URL: `file://${file}/below` });
    expect(result.stderr).toContain('Litestream complains');
    expect(JSON.parse(result.stdout)).toMatchObject({ ok: true });
  });

  it('audits no range that ends before it begins', async () => {
    expect(await data.mosis(['admin', 'link'])).toMatchObject({ code: 0 });
    const result = await data.mosis(['telemetry', 'audit', '--from', '2026-11-02', '--to', '2026-11-01']);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('2026-11-02');
    expect(result.stderr).toContain('ends before it begins');
  });

  it.each(['core.db', 'telemetry.db'])(
    'does not start on a damaged %s, and says which file it is and what to do',
    async (name) => {
      const damaged = new DataDirectory();
      try {
        expect(await damaged.mosis(['admin', 'link'])).toMatchObject({ code: 0 });
        const file = join(damaged.path, name);
        writeFileSync(file, 'no database '.repeat(1_000));
        // What lies in the WAL would make it whole again.
        rmSync(`${file}-wal`, { force: true });
        const result = await damaged.mosis(['serve']);
        expect(result.code).toBe(1);
        expect(result.stderr).toContain(`${file}: file is not a database`);
        expect(result.stderr).toContain('"mosis restore" brings it back');
      } finally {
        await damaged.remove();
      }
    },
  );

  it('fails with advice for a command that it does not know', async () => {
    const result = await data.mosis(['dance']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('--help');
  });
});
