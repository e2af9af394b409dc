import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LoadedApp } from '../load/batches.ts';
import { plainEnvironment, serverAllocator, serverFlags } from './environment.ts';

/** Ends the server when this process is gone, however that went. */
const FOLLOWER = new URL('../../tools/lib/follow-wrapper.mjs', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../apps/api/dist/main.js', import.meta.url));
/** Where no binary is, so that a server runs without replication. */
const NO_LITESTREAM = '/nowhere/litestream';
const START_MS = 60_000;
const STOP_MS = 30_000;
const ACCOUNT = { email: 'bench@example.com', password: 'a password for benchmarks' };

/** The server as it is shipped, in a process of its own, with an account that owns apps. */
export class RealServer {
  readonly child: ChildProcess;
  readonly url: string;
  #cookie = '';

  private constructor(child: ChildProcess, url: string) {
    this.child = child;
    this.url = url;
  }

  /** Starts it and signs in; `onAnswer` is told of its first answer. @throws with its log when it ends instead */
  static async start(
    dataDir: string,
    options: {
      environment?: Record<string, string>;
      /** Whether Litestream runs beside it, as it does where nobody measures. */
      replicated?: boolean;
      profiles?: string;
      /** Another program that starts the server, told things over a channel. */
      program?: string;
      onAnswer?: () => void;
    } = {},
  ): Promise<RealServer> {
    const profiling =
      options.profiles === undefined
        ? []
        : ['--cpu-prof', '--cpu-prof-dir', options.profiles, '--cpu-prof-interval', '500'];
    const program = options.program === undefined ? [MAIN, 'serve'] : [options.program];
    // Not through a pipe: whoever read it here would be a load beside the one that is meant.
    const log = openSync(join(dataDir, 'bench-server.log'), 'a');
    const child = spawn(process.execPath, [...serverFlags, '--import', FOLLOWER, ...profiling, ...program], {
      env: plainEnvironment({
        ...serverAllocator,
        MOSIS_WRAPPER_FD: '3',
        DATA_DIR: dataDir,
        PORT: '0',
        NODE_ENV: 'production',
        RATE_LIMITS: 'off',
        ADMIN_EMAIL: ACCOUNT.email,
        ADMIN_PASSWORD: ACCOUNT.password,
        // A load of few devices is many events of each: none may count as a bot, or spend a quota.
        TELEMETRY_BOT_EVENTS_PER_DAY: '1000000000',
        TELEMETRY_BOT_INTERACTIONS_PER_DAY: '1000000000',
        TELEMETRY_BOT_ACTIVE_HOURS: '25',
        TELEMETRY_DAILY_EVENTS_PER_APP: '1000000000000',
        TELEMETRY_EXPORT: 'off',
        ...(options.replicated ? {} : { LITESTREAM_PATH: NO_LITESTREAM }),
        ...options.environment,
      }),
      stdio: ['ignore', log, log, 'pipe', ...(options.program === undefined ? [] : (['ipc'] as const))],
    });
    closeSync(log);
    const server = new RealServer(child, await findAddress(dataDir, child));
    await server.get('/healthz');
    options.onAnswer?.();
    await server.signIn();
    return server;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The account's session, as a request carries it. */
  get cookie(): string {
    return this.#cookie;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Makes an app, unless it is there. */
  async makeApp(packageId: string): Promise<void> {
    const made = await this.send('POST', '/v1/apps', { package_id: packageId, name: packageId });
    const answer = await made.text();
    const isThere = made.status === 409 && (JSON.parse(answer) as { code: string }).code === 'package-id-taken';
    if (made.status !== 201 && !isThere) throw new Error(`${packageId}: ${answer}`);
  }

  /** Makes apps, those that are not there yet, with an ingest key each. */
  async makeApps(packageIds: readonly string[]): Promise<LoadedApp[]> {
    const apps: LoadedApp[] = [];
    for (const packageId of packageIds) {
      await this.makeApp(packageId);
      const answer = await this.send('POST', `/v1/apps/${packageId}/ingest-keys`, { name: 'bench' });
      if (answer.status !== 201) throw new Error(`${packageId}: ${await answer.text()}`);
      apps.push({ packageId, key: ((await answer.json()) as { key: string }).key });
    }
    return apps;
  }

  /** Asks as the account; reads the whole answer. @throws for an answer other than 200 */
  async get(path: string): Promise<string> {
    const answer = await this.send('GET', path);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return text;
  }

  /** Stops it as an operator does, and waits for its end. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    await Promise.race([ended, delay(STOP_MS, undefined, { ref: false }).then(() => this.child.kill('SIGKILL'))]);
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Signs in as the account. @throws when it is refused */
  async signIn(): Promise<void> {
    const answer = await this.send('POST', '/v1/auth/login', ACCOUNT);
    if (answer.status !== 200) throw new Error(`The server refuses its own account: ${await answer.text()}`);
    await answer.text();
    this.#cookie = sessionOf(answer);
  }

  /** Sends a request as the account, or as whom another session is of. */
  async send(method: string, path: string, body?: unknown, cookie = this.#cookie): Promise<Response> {
    return fetch(new URL(path, this.url), {
      method,
      headers: {
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

/** The session that an answer begins, as requests carry it. */
export function sessionOf(answer: Response): string {
  return answer.headers.getSetCookie().map((cookie) => cookie.split(';')[0])[0] ?? '';
}

/** The server writes where it listens beside its lock. */
async function findAddress(dataDir: string, child: ChildProcess): Promise<string> {
  const file = join(dataDir, 'server.json');
  const deadlineMs = performance.now() + START_MS;
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The server ended: ${readFileSync(join(dataDir, 'bench-server.log'), 'utf8')}`);
    }
    const holder = readHolder(file);
    if (holder?.pid === child.pid && holder?.control_socket && holder.address) return holder.address;
    await delay(50);
  }
  child.kill('SIGKILL');
  throw new Error('The server did not start in a minute.');
}

function readHolder(file: string): { pid: number; address?: string; control_socket?: string } | undefined {
  try {
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof readHolder>) : undefined;
  } catch {
    // Half written: it is there at the next look.
    return undefined;
  }
}
