import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readMemorySettings } from '../lib/memory-settings.mjs';
import { root } from '../lib/workspace.mjs';
import { makeFolder, removeFolders, writeFiles } from './support/folders.js';

/** Says who it is, then runs until a signal comes, notes it and ends with code 7. */
const server = `
  import { appendFileSync, writeFileSync } from 'node:fs';
  const [notes, ...args] = process.argv.slice(2);
  if (args[0] === 'exit') process.exit(Number(args[1]));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
    process.on(signal, () => { appendFileSync(notes, signal + '\\n'); process.exit(7); });
  setInterval(() => {}, 1000);
  writeFileSync(notes, '');
  console.log(JSON.stringify({ pid: process.pid, args, execArgv: process.execArgv, fd: process.env.MOSIS_WRAPPER_FD }));
`;
const wrapper = `
  import { runInPlace } from ${JSON.stringify(join(root, 'tools/lib/wrap.mjs'))};
  await runInPlace(process.execPath, process.argv.slice(2));
`;

interface Started {
  process: ChildProcess;
  hello: { pid: number; args: string[]; execArgv: string[]; fd?: string };
  notes: () => string;
}

const started: ChildProcess[] = [];

function makeScripts(): string {
  const folder = makeFolder();
  writeFiles(folder, { 'server.mjs': server, 'wrapper.mjs': wrapper });
  return folder;
}

function run(folder: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const script = [join(folder, 'wrapper.mjs'), join(folder, 'server.mjs'), join(folder, 'notes'), ...args];
  const child = spawn(process.execPath, script, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, npm_lifecycle_event: '', ...env },
  });
  started.push(child);
  return child;
}

async function start(args: string[] = []): Promise<Started> {
  const folder = makeScripts();
  const child = run(folder, args);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return {
    process: child,
    hello: JSON.parse(line.toString()) as Started['hello'],
    notes: () => readFileSync(join(folder, 'notes'), 'utf8'),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process whose parent does not collect it stays in the table.
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  removeFolders();
});

describe('the process in front of the server', () => {
  it('hands its arguments on as they are, and leaves no trace of itself to what the server forks', async () => {
    const { process: child, hello } = await start(['serve', '--demo', 'two words', '']);
    const { nodeFlags: execArgv } = readMemorySettings();
    expect(hello).toEqual({ pid: hello.pid, args: ['serve', '--demo', 'two words', ''], execArgv });
    child.kill('SIGTERM');
    await once(child, 'close');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('hands on %s once, and ends as the server ends', async (signal) => {
    const { process: child, notes } = await start();
    child.kill(signal);
    expect(await once(child, 'close')).toEqual([7, null]);
    expect(notes()).toBe(`${signal}\n`);
  });

  it.each([0, 3])('ends with the exit code %i of the server', async (code) => {
    const child = run(makeScripts(), ['exit', String(code)]);
    expect(await once(child, 'close')).toEqual([code, null]);
  });

  it('ends by the signal that ended the server', async () => {
    const { process: child, hello } = await start();
    process.kill(hello.pid, 'SIGKILL');
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
  });

  it('leaves no server behind when it is killed', async () => {
    const { process: child, hello, notes } = await start();
    child.kill('SIGKILL');
    await until(() => !isRunning(hello.pid));
    expect(notes()).toBe('SIGTERM\n');
  });

  it('leaves no server behind when the npm above it is killed', async () => {
    const folder = makeScripts();
    const npm = `
      import { spawn } from 'node:child_process';
      spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' });
    `;
    writeFiles(folder, { 'npm.mjs': npm });
    const script = ['npm.mjs', 'wrapper.mjs', 'server.mjs', 'notes'].map((name) => join(folder, name));
    const child = spawn(process.execPath, script, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, npm_lifecycle_event: 'start' },
    });
    started.push(child);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { pid } = JSON.parse(line.toString()) as { pid: number };
    child.kill('SIGKILL');
    await until(() => !isRunning(pid));
    expect(readFileSync(join(folder, 'notes'), 'utf8')).toBe('SIGTERM\n');
  });
});
