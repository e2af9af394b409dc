import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP server of a test, on a free port. */
export interface TestServer {
  endpoint: string;
  close(): Promise<void>;
}

/** Listens and hands each connection to `onConnection`. */
export async function listen(onConnection: (socket: Socket) => void): Promise<TestServer> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** An endpoint where nobody listens. */
export async function closedEndpoint(): Promise<string> {
  const server = await listen(() => {});
  await server.close();
  return server.endpoint;
}

export interface ProxyHooks {
  /** Called with the bytes that one connection has sent up so far. */
  onUpstreamBytes?(total: number, cut: () => void): void;
  /** Called with the bytes that one connection has got back so far, before the latest are passed on. */
  onDownstreamBytes?(total: number, cut: () => void, stall: () => void): void;
}

/** A TCP proxy to a server, that a test can cut or stall at a byte of its choice. */
export async function startProxy(endpoint: string, hooks: ProxyHooks): Promise<TestServer> {
  const port = Number(new URL(endpoint).port);
  return listen((near) => {
    const far = connect(port, '127.0.0.1');
    const cut = (): void => {
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    far.on('error', cut);
    near.on('error', cut);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    let up = 0;
    let down = 0;
    let stalled = false;
    near.on('data', (chunk: Buffer) => {
      up += chunk.length;
      if (!far.write(chunk)) near.pause();
      hooks.onUpstreamBytes?.(up, cut);
    });
    far.on('drain', () => near.resume());
    far.on('data', (chunk: Buffer) => {
      down += chunk.length;
      hooks.onDownstreamBytes?.(down, cut, () => (stalled = true));
      if (stalled || near.destroyed) return;
      if (!near.write(chunk)) far.pause();
    });
    near.on('drain', () => far.resume());
  });
}
