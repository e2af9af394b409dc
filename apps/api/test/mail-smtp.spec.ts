import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { PASSWORD, expectStatus, unique } from './support/actors.js';
import { rows, sql } from './support/attack.js';
import { TestPlatform } from './support/platform.js';

const DAY_MS = 24 * 60 * 60 * 1000;

interface Received {
  from: string;
  to: string[];
  text: string;
}

/** A mail server that takes mails, after it has refused as many as it is told to. */
class MailServer {
  readonly received: Received[] = [];
  refuse = 0;
  attempts = 0;
  /** Replies to recipients whose address begins so. */
  readonly refusals: Readonly<Record<string, string>> = {
    nobody: '550 5.1.1 User unknown',
    plain: '550 No such user here',
    relay: '550 5.7.1 Relaying denied',
    busy: '450 4.2.1 Mailbox busy',
  };
  private readonly server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      username === 'user' && password === 'p@ss word' ? done(null, { user: 'user' }) : done(new Error('no')),
    onRcptTo: ({ address }, _session, done) => {
      const reply = Object.entries(this.refusals).find(([name]) => address.startsWith(name))?.[1];
      if (!reply) return done();
      this.attempts += 1;
      done(Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) }));
    },
    onData: (stream, session, done) => void this.take(stream, session, done),
  });

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async take(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    this.attempts += 1;
    if (this.refuse > 0) {
      this.refuse -= 1;
      done(Object.assign(new Error('Try again later'), { responseCode: 451 }));
      return;
    }
    const { mailFrom, rcptTo } = session.envelope;
    this.received.push({
      from: mailFrom ? mailFrom.address : '',
      to: rcptTo.map(({ address }) => address),
      text: Buffer.concat(chunks).toString('utf8'),
    });
    done();
  }
}

describe('mail through a mail server', () => {
  const server = new MailServer();
  let platform: TestPlatform;
  beforeAll(async () => {
    const port = await server.listen();
    platform = await TestPlatform.start({
      SMTP_URL: `smtp://user:${encodeURIComponent('p@ss word')}@127.0.0.1:${port}`,
      MAIL_FROM: 'Mosis Store <store@example.org>',
      RATE_LIMITS: 'on',
    });
  });
  afterAll(async () => {
    await platform.stop();
    await server.close();
  });

  const register = async (email: string) => {
    expectStatus(await platform.client().post('/v1/auth/register', { email, name: 'Zoë', password: PASSWORD }), 202);
    await platform.idle();
  };
  const sentTo = (email: string) => server.received.filter(({ to }) => to.includes(email));

  it('arrives whole, from the sender of the settings, with a link that works', async () => {
    const email = `${unique('to')}@example.com`;
    await register(email);
    expect(sentTo(email)).toMatchObject([{ from: 'store@example.org', to: [email] }]);
    const text = sentTo(email)[0]?.text ?? '';
    expect(text).toContain('From: Mosis Store <store@example.org>\r\n');
    expect(text).toContain('\r\nHello,\r\n');
    expect(text).not.toContain('Zoë');
    const token = /\r\nhttp:\/\/store\.test\/admin\/verify-email#token=([A-Za-z0-9]+)\r\n/.exec(text)?.[1];
    expect((await platform.client().post('/v1/auth/verify-email', { token })).status).toBe(204);
  });

  it('is tried again, with growing pauses, until the server takes it, and then arrives once', async () => {
    const email = `${unique('to')}@example.com`;
    server.refuse = 2;
    server.attempts = 0;
    await register(email);
    expect(sentTo(email)).toEqual([]);
    await platform.idle();
    expect(server.attempts).toBe(1);
    platform.clock.advance(5_000);
    await platform.idle();
    expect(server.attempts).toBe(2);
    platform.clock.advance(5_000);
    await platform.idle();
    expect(server.attempts).toBe(2);
    platform.clock.advance(5_000);
    await platform.idle();
    expect(sentTo(email).length).toBe(1);
    platform.clock.advance(DAY_MS / 24);
    await platform.idle();
    expect(server.attempts).toBe(3);
  });

  it('is not lost when the server is away for longer than the limit per recipient allows tries', async () => {
    const email = `${unique('to')}@example.com`;
    server.refuse = 8;
    await register(email);
    for (let tries = 0; tries < 8; tries += 1) {
      platform.clock.advance(5_000 * 2 ** tries);
      await platform.idle();
    }
    expect(server.refuse).toBe(0);
    expect(sentTo(email).length).toBe(1);
  });

  it.each(['nobody', 'plain'])('is given up at once when the server knows no such recipient: %s', async (name) => {
    const email = `${unique(name)}@example.com`;
    server.attempts = 0;
    await register(email);
    platform.clock.advance(DAY_MS);
    await platform.idle();
    expect(server.attempts).toBe(1);
    const [job] = rows<{ state: string; result: string }>(
      platform,
      `SELECT state, result FROM jobs WHERE kind = 'mail.verify-email' ORDER BY created_at DESC, id DESC LIMIT 1`,
    );
    expect(job).toMatchObject({ state: 'done' });
    expect(JSON.parse(job?.result ?? '')).toEqual({ sent: false, why: expect.stringMatching(/^refused: 550/) });
    expect(platform.log).toContain('mail refused for good');
    expect(platform.log).not.toContain(email);
  });

  it.each(['relay', 'busy'])(
    'waits when the server says no for a reason that may pass or be mended: %s',
    async (name) => {
      const email = `${unique(name)}@example.com`;
      server.attempts = 0;
      await register(email);
      platform.clock.advance(5_000);
      await platform.idle();
      expect(server.attempts).toBe(2);
      expect(platform.log).not.toContain(email);
      const [waiting] = rows(platform, `SELECT * FROM jobs WHERE kind = 'mail.verify-email' AND state = 'queued'`);
      expect(waiting).toMatchObject({
        last_error: expect.stringMatching(/does not take the recipient: (?:550|450) \d/),
      });
      sql(platform, `DELETE FROM jobs WHERE kind = 'mail.verify-email' AND state = 'queued'`);
    },
  );

  it('leaves no file in the outbox, and no address, link or password of the mail server in the log or a job', async () => {
    const email = `${unique('to')}@example.com`;
    server.refuse = 1;
    await register(email);
    platform.clock.advance(5_000);
    await platform.idle();
    expect(sentTo(email).length).toBe(1);
    expect(existsSync(`${platform.settings.dataDir}/outbox`)).toBe(false);
    const jobs = JSON.stringify(rows(platform, 'SELECT * FROM jobs'));
    for (const text of [platform.log, jobs]) {
      expect(text).not.toMatch(/token=[A-Za-z0-9]/);
      expect(text).not.toContain('p@ss');
      expect(text).not.toContain('p%40ss');
      expect(text).not.toContain(email);
    }
  });
});
