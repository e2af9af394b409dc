import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../common/app-error.js';
import type { Reply } from './ask-server.js';
import { OPERATIONS, runOperation, type OperationName } from './operations.js';

/** A Unix socket's path has at most this many bytes on every system we run on. */
const MAX_SOCKET_PATH = 100;
/** One request is a command and its arguments. */
const MAX_REQUEST_BYTES = 64 * 1024;

/** Takes commands from this machine while the server runs, so that one process keeps owning the data. */
export class ControlServer {
  private constructor(
    readonly path: string,
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
  ) {}

  /** Listens on a socket that only this user can open. */
  static async listen(dataDir: string, app: INestApplicationContext, logger: Logger): Promise<ControlServer> {
    const inside = join(dataDir, 'control.sock');
    const path =
      Buffer.byteLength(inside) <= MAX_SOCKET_PATH
        ? inside
        : join(tmpdir(), `mosis-${randomBytes(8).toString('hex')}.sock`);
    rmSync(path, { force: true });
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      void answer(socket, app, logger);
    });
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
      });
    } finally {
      process.umask(before);
    }
    chmodSync(path, 0o600);
    server.unref();
    return new ControlServer(path, server, sockets);
  }

  /** Stops listening and removes the socket. */
  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    rmSync(this.path, { force: true });
  }
}

async function answer(socket: Socket, app: INestApplicationContext, logger: Logger): Promise<void> {
  const send = (reply: Reply) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  };
  try {
    const { operation, input } = JSON.parse(await readLine(socket)) as { operation: string; input: never };
    if (!Object.hasOwn(OPERATIONS, operation))
      throw new AppError('request-invalid', `This server does not know the command ${operation}.`);
    logger.info({ operation }, 'command from the command line');
    send({ result: await runOperation(app, operation as OperationName, input, (progress) => send({ progress })) });
  } catch (error) {
    send({ error: error instanceof AppError ? error.detail : (error as Error).message });
  } finally {
    socket.end();
  }
}

async function readLine(socket: Socket): Promise<string> {
  let text = '';
  const chunks = socket.setEncoding('utf8').iterator({ destroyOnReturn: false }) as AsyncIterable<string>;
  for await (const chunk of chunks) {
    text += chunk;
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (text.length > MAX_REQUEST_BYTES) break;
  }
  throw new AppError('request-invalid', 'The command cannot be read.');
}
