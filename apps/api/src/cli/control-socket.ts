import { randomBytes } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import type { Logger } from 'pino';
import { AppError } from '../common/app-error.js';
import {
  OPERATIONS,
  runOperation,
  type OperationInput,
  type OperationName,
  type OperationResult,
} from './operations.js';
import type { OperationProgress } from './progress.types.js';

/** A Unix socket's path has at most this many bytes on every system we run on. */
const MAX_SOCKET_PATH = 100;
/** One request is a command and its arguments. */
const MAX_REQUEST_BYTES = 64 * 1024;

type Reply = { progress: OperationProgress } | { result: unknown } | { error: string };

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

/** Asks a running server to do an operation. @throws when it refuses, fails, or cannot be reached */
export async function askServer<Name extends OperationName>(
  path: string,
  name: Name,
  input: OperationInput<Name>,
  onProgress: (progress: OperationProgress) => void,
): Promise<OperationResult<Name>> {
  const socket = createConnection(path);
  socket.write(`${JSON.stringify({ operation: name, input })}\n`);
  try {
    for await (const line of linesOf(socket)) {
      const reply = JSON.parse(line) as Reply;
      if ('progress' in reply) onProgress(reply.progress);
      else if ('error' in reply) throw new Error(reply.error);
      else return reply.result as OperationResult<Name>;
    }
  } finally {
    socket.destroy();
  }
  throw new Error('The server that owns the data directory went away before it had answered.');
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

/** Lines as JSON is written: node:readline would also break them at U+2028, which may stand inside a text. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let text = '';
  try {
    for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      yield* lines;
    }
  } catch {
    // A server that goes away ends the lines; whoever waits for an answer says so.
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
