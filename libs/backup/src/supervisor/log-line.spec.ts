import { parseLitestreamLine } from './log-line.js';

const line = (fields: Record<string, unknown>) => parseLitestreamLine(JSON.stringify({ time: 'now', ...fields }));

describe('a line of Litestream’s log', () => {
  it('tells what was written, of which database, and where it ends', () => {
    const position = '31042b731ff1a3dd/0000000a:160712';
    const fields = { level: 'INFO', db: '/data/core.db', replica: 'file', position };
    expect(line({ ...fields, msg: 'wal segment written', sz: 4152 })).toEqual({
      kind: 'segment-written',
      database: 'core',
      position: { generation: '31042b731ff1a3dd', index: 10, offset: 160712 },
      sizeBytes: 4152,
    });
    expect(line({ ...fields, msg: 'write snapshot' })).toMatchObject({ kind: 'snapshot-started', database: 'core' });
    expect(line({ ...fields, msg: 'write wal segment', position: 'elsewhere' })).toMatchObject({ kind: 'other' });
  });

  it('tells of trouble, also when it is no JSON', () => {
    expect(line({ level: 'ERROR', msg: 'monitor error', db: '/d/telemetry.db', error: 'AccessDenied' })).toEqual({
      kind: 'trouble',
      database: 'telemetry',
      level: 'error',
      message: 'monitor error',
      error: 'AccessDenied',
    });
    expect(parseLitestreamLine('panic: out of memory')).toMatchObject({ kind: 'trouble', level: 'error' });
  });
});
