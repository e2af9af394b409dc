import { jest } from '@jest/globals';
import { Writable } from 'node:stream';
import { NestLogger, createLogger, redactLine } from './logger.js';

const KEY = `mk_live_${'aB3'.repeat(15)}x`;

/** What a logger writes, as lines. */
function capture(work: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString('utf8'));
      done();
    },
  });
  work(createLogger('trace', sink));
  return lines;
}

describe('a line of the log', () => {
  it.each([
    ['an API key', `use ${KEY} please`, 'use mk_live_[redacted] please'],
    ['two API keys', `${KEY},${KEY}`, 'mk_live_[redacted],mk_live_[redacted]'],
    ['a key in a path', `/v1/x/${KEY}/y`, '/v1/x/mk_live_[redacted]/y'],
    ['a session cookie', 'cookie: a=b; mosis_session=abc-_123; c=d', 'cookie: a=b; mosis_session=[redacted]; c=d'],
    ['a link of a mail', 'http://x/admin/setup#token=abc123 now', 'http://x/admin/setup#token=[redacted] now'],
    ['a token in a query', '/verify?a=1&token=abc123&b=2', '/verify?a=1&token=[redacted]&b=2'],
    ['a private key', '"-----BEGIN PRIVATE KEY-----\\nMC4CAQ\\n-----END"', '"-----BEGIN PRIVATE KEY-----[redacted]"'],
    ['an RSA key', '"-----BEGIN RSA PRIVATE KEY-----\\nMC4"', '"-----BEGIN RSA PRIVATE KEY-----[redacted]"'],
    ['a mail server’s password', 'at smtp://user:pa%20ss@host:25', 'at smtp://[redacted]@host:25'],
    ['a password with a slash', 'smtps://user:pa/ss@host', 'smtps://[redacted]@host'],
    ['a password without a user', 'https://:secret@host/x', 'https://[redacted]@host/x'],
    ['an object store’s secret', 's3://id:secret@bucket/x', 's3://[redacted]@bucket/x'],
  ])('never shows %s', (_, line, shown) => {
    expect(redactLine(line)).toBe(shown);
  });

  it.each([
    ['a key’s display prefix', 'mk_live_ab12…'],
    ['an address with a port and a mailbox', 'http://nas:3000/x a@example.com'],
    ['an address whose query has an @', 'https://example.com:443/x?mail=a@b.example'],
    ['a public key', '-----BEGIN PUBLIC KEY-----\\nMCow'],
  ])('shows %s', (_, line) => {
    expect(redactLine(line)).toBe(line);
  });

  it('keeps a link only when the server itself marked the line, and masks everything else in it', () => {
    const link = 'http://x/admin/setup#token=abc123';
    expect(redactLine(`{"log.keep_link":true,"msg":"${link} ${KEY}"}`)).toBe(
      `{"log.keep_link":true,"msg":"${link} mk_live_[redacted]"}`,
    );
    const [forged = ''] = capture((logger) => logger.info({ note: `"log.keep_link":true` }, link));
    expect(forged).not.toContain('abc123');
  });

  it.each([
    'password',
    'current_password',
    'new_password',
    'token',
    'key',
    'secret',
    'authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
  ])('has no member %s, at the top or one below', (name) => {
    const [line = ''] = capture((logger) => logger.info({ [name]: 'hidden-1', body: { [name]: 'hidden-2' } }, 'x'));
    expect(line).not.toContain('hidden');
    expect(JSON.parse(line)).toMatchObject({ [name]: '[redacted]', body: { [name]: '[redacted]' } });
  });

  it('has the time of its writing, to the millisecond', () => {
    const times = [0, 1, 999, 1_000, 1_764_374_399_007, 1_764_374_399_999, 1_764_374_400_000, 1_764_374_399_040];
    const now = jest.spyOn(Date, 'now');
    try {
      const lines = capture((logger) => {
        for (const time of times) {
          now.mockReturnValue(time);
          logger.info('x');
        }
      });
      expect(lines.map((line) => (JSON.parse(line) as { time: string }).time)).toEqual(
        times.map((time) => new Date(time).toISOString()),
      );
    } finally {
      now.mockRestore();
    }
  });

  it('is JSON with a level in words and a time, and has an error’s stack once', () => {
    const [line = '', thrown = ''] = capture((logger) => {
      const nest = new NestLogger(logger);
      nest.log('hello', 'scope');
      nest.error({ msg: 'failed', err: new Error(`no ${KEY}`) }, 'scope');
    });
    expect(JSON.parse(line)).toMatchObject({ level: 'info', scope: 'scope', msg: 'hello' });
    const { err } = JSON.parse(thrown) as { err: { stack: string; message: string } };
    expect(err.message).toBe('no mk_live_[redacted]');
    expect(err.stack).toContain('logger.spec');
  });
});
