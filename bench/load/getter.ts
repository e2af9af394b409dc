import { Agent, request } from 'node:http';

/** What asking came to. */
export interface Asked {
  perSecond: number;
  /** What each answer took, milliseconds. */
  latenciesMs: number[];
}

/** A request to a server on this machine; a path of its own for each round, so that no answer is remembered. */
export interface Ask {
  port: number;
  pathOf: (round: number) => string;
  headers?: Record<string, string>;
}

/** Asks over so many kept connections, each as soon as its last answer is read, for so long. @throws for any answer but 200 */
export async function askFor(ask: Ask, connections: number, durationMs: number): Promise<Asked> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  let round = 0;
  const loop = async () => {
    while (performance.now() - startedMs < durationMs) {
      const sentMs = performance.now();
      await get(agent, ask, round++);
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, loop));
    return { perSecond: latenciesMs.length / ((performance.now() - startedMs) / 1000), latenciesMs };
  } finally {
    agent.destroy();
  }
}

async function get(agent: Agent, { port, pathOf, headers = {} }: Ask, round: number): Promise<void> {
  const path = pathOf(round);
  await new Promise<void>((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('error', reject).on('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject).end();
  });
}
