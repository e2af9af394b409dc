import type { RealServer } from '../lib/server.ts';

/** What people do in the store and the console: answers that are not 200 are counted by what was asked. */
export interface VisitTally {
  searches: number;
  signIns: number;
  refused: Record<string, number>;
}

/** Has people search and sign in, one after the other, until it is over, with a pause after each. */
export async function visit(
  server: RealServer,
  words: readonly string[],
  pauses: { searchMs: number; signInMs: number },
  isOver: () => boolean,
): Promise<VisitTally> {
  const tally: VisitTally = { searches: 0, signIns: 0, refused: {} };
  const repeat = async (pauseMs: number, what: 'searches' | 'signIns', act: (turn: number) => Promise<unknown>) => {
    for (let turn = 0; !isOver(); turn += 1) {
      try {
        await act(turn);
        tally[what] += 1;
      } catch {
        tally.refused[what] = (tally.refused[what] ?? 0) + 1;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  await Promise.all([
    repeat(pauses.searchMs, 'searches', async (turn) =>
      server.get(`/v1/store/apps?q=${encodeURIComponent(words[turn % words.length] as string)}`),
    ),
    repeat(pauses.signInMs, 'signIns', async () => server.signIn()),
  ]);
  return tally;
}
