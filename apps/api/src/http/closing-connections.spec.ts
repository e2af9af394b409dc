import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { closeConnectionsAfterAnswers } from './closing-connections.js';

describe('a server that closes', () => {
  it('ends the connection of a request that it still answers', async () => {
    const fastify = Fastify({ forceCloseConnections: 'idle', return503OnClosing: false });
    closeConnectionsAfterAnswers(fastify);
    let finish = (): void => undefined;
    const taken = new Promise<void>((resolve) => {
      fastify.get('/slow', async () => {
        resolve();
        await new Promise<void>((done) => (finish = done));
        return 'answered';
      });
    });
    // It runs after the one that is tested, so that the answer comes when closing has begun.
    fastify.addHook('preClose', async () => finish());
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    const { port } = fastify.server.address() as AddressInfo;
    const request = get({ port, path: '/slow', headers: { connection: 'keep-alive' } });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    await taken;
    const closed = fastify.close();
    const [response] = await answered;
    response.resume();
    expect(response.headers.connection).toBe('close');
    await closed;
  });
});
