import { Announcer } from './announcer.js';
import { parseLitestreamLine } from './log-line.js';

describe('what is said of Litestream', () => {
  it('is each complaint once until it works again, and nothing of a checkpoint that met a commit', () => {
    const said: unknown[] = [];
    const say = (fields: Record<string, unknown>) => void said.push(fields['litestream.error']);
    const announcer = new Announcer({ info: say, warn: say, error: say });
    const hear = (fields: Record<string, unknown>) =>
      announcer.hear(parseLitestreamLine(JSON.stringify({ level: 'ERROR', db: '/data/core.db', ...fields })));
    const complain = (error: string) => hear({ msg: 'sync error', error });
    complain('checkpoint: mode=PASSIVE err=database is locked');
    expect(said).toEqual([]);
    for (const request of ['4F2A91C07E55D310', '9D01BB64A2E37F18']) complain(`403, request ${request}`);
    expect(said).toEqual(['sync error: 403, request 4F2A91C07E55D310']);
    hear({ level: 'INFO', msg: 'wal segment written', position: '31042b731ff1a3dd/0000000a:160712', sz: 4152 });
    complain('403, request 4F2A91C07E55D310');
    expect(said).toHaveLength(2);
  });
});
