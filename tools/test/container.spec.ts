import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { readMemorySettings } from '../lib/memory-settings.mjs';
import { environmentFor } from '../lib/node-runtime.mjs';
import { readJson, root } from '../lib/workspace.mjs';
import { copiesOf, getStage, linesOf } from './support/dockerfile.js';
import { makeFolder, removeFolders } from './support/folders.js';

const PUID = 12345;
const PGID = 12346;
/** Only root can give files to somebody; another user runs the entry point as `user:` of a compose file does. */
const isRoot = process.getuid?.() === 0;

let image: string;
let app: string;
let entrypoint: string;
const running = new Set<ChildProcess>();

/** Lays out what the stages copy, below one folder, and runs the very install of the Dockerfile in it. */
function layOut(): void {
  image = makeFolder();
  chmodSync(image, 0o755);
  app = join(image, 'app');
  mkdirSync(app);
  const copy = (from: string, sources: string[], destination: string) => {
    for (const source of sources) {
      const into = resolve(image, 'app', destination.startsWith('/') ? join(image, destination) : destination);
      const isFolder = destination.endsWith('/');
      cpSync(join(from, source), isFolder ? join(into, basename(source)) : into, { recursive: true });
    }
  };
  for (const { sources, destination } of copiesOf(getStage('production'))) copy(root, sources, destination);
  const env = {
    ...environmentFor(process.execPath),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
  };
  for (const line of linesOf(getStage('production'), 'RUN')) {
    const { status, stderr } = spawnSync('sh', ['-c', line], { cwd: app, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${line} failed: ${stderr}`);
  }
  for (const { from, sources, destination } of copiesOf(getStage('server'))) {
    if (from === undefined) copy(root, sources, destination);
    if (from === 'build')
      copy(
        root,
        sources.map((source) => source.replace('/src/', '')),
        destination,
      );
  }
  entrypoint = join(image, 'usr/local/bin/mosis');
  chmodSync(entrypoint, 0o755);
  // Nobody can write there, as in a read-only root file system: the user of the server owns none of it.
  spawnSync('chmod', ['-R', 'a-w,a+rX', app]);
}

/** The variables of the image, with the folders of this test in the place of the container's. */
function environmentOf(data: string, given: Record<string, string>): Record<string, string> {
  const words = linesOf(getStage('server'), 'ENV').join(' ').split(/\s+/);
  const own = Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2))) as Record<string, string>;
  const path = own.PATH!.replaceAll('/app/', `${app}/`);
  return { ...own, PATH: path, MOSIS_APP: app, HOST: '127.0.0.1', PORT: '0', DATA_DIR: data, ...given };
}

function makeData(): string {
  const folder = makeFolder();
  chmodSync(folder, 0o755);
  const data = join(folder, 'data');
  mkdirSync(data);
  return data;
}

/** Runs the entry point to its end. */
function run(data: string, args: string[], given: Record<string, string> = {}, uid?: number) {
  const options = uid === undefined ? {} : { uid, gid: uid };
  return spawnSync(entrypoint, args, { env: environmentOf(data, given), encoding: 'utf8', cwd: '/', ...options });
}

/** Starts the server, as process 1 of its own when `command` begins with `unshare`; answers when it serves. */
async function serve(
  command: string[],
  data: string,
  given: Record<string, string>,
  ids: { uid?: number; gid?: number } = {},
) {
  const [program = '', ...args] = [...command, entrypoint, 'serve'];
  const child = spawn(program, args, {
    env: environmentOf(data, given),
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...ids,
  });
  running.add(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (log += bytes.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const address = await new Promise<string>((found, failed) => {
    const file = join(data, 'server.json');
    const look = () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      const url = /"address":\s*"([^"]+)"/.exec(text)?.[1];
      if (!url) return;
      watcher.close();
      found(url);
    };
    const watcher = watch(data, look);
    void ended.then((code) => {
      watcher.close();
      failed(new Error(`ended with ${code}: ${log}`));
    });
    look();
  });
  return { child, address, ended, log: () => log };
}

const childrenOf = (pid: number) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const statusOf = (pid: number) =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/status`, 'utf8')
      .split('\n')
      .map((line) => line.split(/:\s*/)),
  ) as Record<string, string>;
const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');

describe('the container', () => {
  beforeAll(layOut, 300_000);
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    if (app) spawnSync('chmod', ['-R', 'u+w', app]);
    removeFolders();
  });

  it('has what runs, and nothing of what builds and tests', () => {
    const packages = readdirSync(join(app, 'node_modules'));
    expect(packages).toEqual(expect.arrayContaining(['better-sqlite3', 'fastify', '@flydotio']));
    expect(packages.filter((name) => ['jest', 'nx', 'vite', 'eslint', 'react', 'prettier'].includes(name))).toEqual([]);
    const { version } = readJson(join(root, 'apps/api/package.json')) as { version: string };
    const { stdout, stderr } = run(makeData(), ['--version'], isRoot ? { PUID: `${PUID}`, PGID: `${PGID}` } : {});
    expect([stdout, stderr]).toEqual([`${version}\n`, '']);
  });

  it('runs the server as PUID and PGID, as process 1, on folders that it gives to them, and stops in order', async () => {
    const data = makeData();
    mkdirSync(join(data, 'objects'));
    writeFileSync(join(data, 'objects/of-root'), 'x');
    const outside = join(dirname(data), 'outside');
    writeFileSync(outside, 'x');
    symlinkSync(outside, join(data, 'objects/link'));
    const own = join(data, 'objects/own');
    writeFileSync(own, 'x');
    if (isRoot) chownSync(own, PUID, PGID);
    const before = lstatSync(own).ctimeMs;

    const alone = isRoot ? ['unshare', '--pid', '--fork', '--mount-proc'] : [];
    const server = await serve(alone, data, { PUID: `${PUID}`, PGID: `${PGID}` });
    const pid = isRoot ? childrenOf(server.child.pid!)[0]! : server.child.pid!;
    expect(await (await fetch(`${server.address}/healthz`)).json()).toEqual({ status: 'ok' });

    const expected = isRoot ? [PUID, PGID] : [process.getuid!(), process.getgid!()];
    const status = statusOf(pid);
    expect([status.Uid!.split('\t')[0], status.Gid!.split('\t')[0]].map(Number)).toEqual(expected);
    if (isRoot) {
      expect([status.NSpid!.split('\t').at(-1), status.NoNewPrivs, status.Groups?.trim()]).toEqual(['1', '1', '']);
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
        expect([set, Number(`0x${status[set]}`)]).toEqual([set, 0]);
    }
    // The program, and with it the flags and the allocator, are those of `npm start`.
    const { nodeFlags, environment: allocator } = readMemorySettings();
    const command = ['node', ...nodeFlags, join(app, 'apps/api/dist/main.js'), 'serve'];
    expect(commandOf(pid).slice(0, command.length)).toEqual(command);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    const settings = Object.entries(allocator).map(([name, value]) => `${name}=${value}`);
    expect(settings).toHaveLength(2);
    expect(environment).toEqual(expect.arrayContaining(settings));
    const litestream = childrenOf(pid).find((child) => commandOf(child)[0]!.endsWith('/litestream'));
    expect(litestream).toBeDefined();

    for (const name of ['core.db', 'objects/of-root', 'objects/link'])
      expect([name, lstatSync(join(data, name)).uid, lstatSync(join(data, name)).gid]).toEqual([name, ...expected]);
    expect(lstatSync(outside).uid).toBe(process.getuid!());
    expect(lstatSync(own).ctimeMs).toBe(before);

    const port = new URL(server.address).port;
    const check = (given: Record<string, string>) =>
      spawn(join(app, 'node_modules/.bin/node'), [join(app, 'docker/healthcheck.mjs')], {
        env: environmentOf(data, given),
        stdio: 'ignore',
      });
    const [[healthy], [unhealthy]] = await Promise.all([
      once(check({ HOST: '0.0.0.0', PORT: port }), 'close'),
      once(check({ PORT: '1' }), 'close'),
    ]);
    expect([healthy, unhealthy]).toEqual([0, 1]);

    process.kill(pid, 'SIGTERM');
    expect(await server.ended).toBe(0);
    expect(existsSync(`/proc/${litestream}`)).toBe(false);
  });

  it('runs as a user that somebody else chose, without a right of root, and commands beside it', async () => {
    const data = makeData();
    if (isRoot) chownSync(data, PUID, PUID);
    const user = isRoot ? { uid: PUID, gid: PUID } : {};
    const server = await serve([], data, {}, user);
    expect((await fetch(`${server.address}/healthz`)).status).toBe(200);
    const { status, stdout } = run(data, ['db', 'status'], {}, user.uid);
    expect([status, stdout]).toEqual([0, expect.stringContaining('core')]);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(lstatSync(join(data, 'core.db')).uid).toBe(user.uid ?? process.getuid!());
  });

  it('says what is wrong with the folder or the ids, and starts nothing', () => {
    const missing = run(join(makeData(), 'nothing'), ['serve']);
    expect([missing.status, missing.stderr]).toEqual([1, expect.stringContaining('Mount a folder at that place')]);
    if (!isRoot) return;
    for (const [PUID, PGID, words] of [
      ['0', '100', 'must not be 0'],
      ['1000', 'users', 'must be numbers'],
    ] as const) {
      const refused = run(makeData(), ['serve'], { PUID, PGID });
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining(words)]);
    }
    const foreign = run(makeData(), ['serve'], {}, PUID);
    expect([foreign.status, foreign.stderr]).toEqual([
      1,
      expect.stringContaining(`user ${PUID} (group ${PUID}) cannot write to`),
    ]);
  });
});
