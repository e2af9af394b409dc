import { Turns } from './turns.js';

const OPTIONS = { atOnce: 2, maxWaiting: 2, maxWaitMs: 60_000, refusal: 'Many are here.' };
const patient = new AbortController().signal;

describe('turns', () => {
  it('are taken in the order in which they were asked for, never more at a time than there are', async () => {
    const turns = new Turns(OPTIONS);
    const order: string[] = [];
    const take = async (name: string) => {
      const giveBack = await turns.take(patient);
      order.push(name);
      return giveBack;
    };
    const [first, second] = [await take('first'), await take('second')];
    const waiting = [take('third'), take('fourth')];
    await expect(turns.take(patient)).rejects.toMatchObject({ code: 'overloaded', message: 'Many are here.' });
    expect(order).toEqual(['first', 'second']);
    second();
    // Giving back twice frees one turn only.
    second();
    const third = await waiting[0]!;
    expect(order).toEqual(['first', 'second', 'third']);
    first();
    const fourth = await waiting[1]!;
    expect(order.at(-1)).toBe('fourth');
    third();
    fourth();
    await Promise.all([take('fifth'), take('sixth')]);
    expect(order).toHaveLength(6);
  });

  it('pass over those who gave up, and refuse those who waited too long', async () => {
    const turns = new Turns({ ...OPTIONS, atOnce: 1 });
    const giveBack = await turns.take(patient);
    const leaving = new AbortController();
    const left = turns.take(leaving.signal);
    const stays = turns.take(patient);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    giveBack();
    (await stays)();
    await expect(turns.take(leaving.signal)).rejects.toThrow('gone');

    const hasty = new Turns({ ...OPTIONS, atOnce: 1, maxWaitMs: 1 });
    const held = await hasty.take(patient);
    await expect(hasty.take(patient)).rejects.toMatchObject({ code: 'overloaded' });
    held();
    (await hasty.take(patient))();
  });

  it('are shared: whoever has his share waits, is not refused, and keeps nobody behind him', async () => {
    const turns = new Turns({ ...OPTIONS, atOnce: 3, atOncePerParty: 2, maxWaiting: 4, maxWaitingPerParty: 2 });
    const order: string[] = [];
    const take = async (name: string, party: string) => {
      const giveBack = await turns.take(patient, party);
      order.push(name);
      return giveBack;
    };
    const [first, second] = [await take('a1', 'a'), await take('a2', 'a')];
    const third = take('a3', 'a');
    const fourth = take('a4', 'a');
    await expect(turns.take(patient, 'a')).rejects.toMatchObject({ code: 'overloaded' });
    const other = await take('b1', 'b');
    const behind = take('b2', 'b');
    expect(order).toEqual(['a1', 'a2', 'b1']);
    other();
    (await behind)();
    expect(order.at(-1)).toBe('b2');
    first();
    second();
    (await third)();
    (await fourth)();
    expect(order.slice(-2)).toEqual(['a3', 'a4']);
    // All of them are free again.
    await Promise.all(['x', 'y', 'z'].map((party) => take(party, party)));
    expect(order.slice(-3)).toEqual(['x', 'y', 'z']);
  });
});
