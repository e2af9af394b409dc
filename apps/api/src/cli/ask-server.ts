import { createConnection, type Socket } from 'node:net';
import type { OperationInput, OperationName, OperationResult } from './operations.js';
import type { OperationProgress } from './progress.types.js';

/** A line that a server answers with. */
export type Reply = { progress: OperationProgress } | { result: unknown } | { error: string };

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
