import { statSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { ApiKeysService } from '../src/api-keys/api-keys.service.js';
import { MailService } from '../src/mail/mail.service.js';
import { composeMessage } from '../src/mail/mail-transport.js';
import { PASSWORD, addApiKey, expectStatus, readOutbox, signUp, unique } from './support/actors.js';
import { TestPlatform } from './support/platform.js';

const parse = (mail: string) => PostalMime.parse(mail);

describe('mail without a mail server', () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    platform = await TestPlatform.start({ RATE_LIMITS: 'on', PUBLIC_URL: 'https://store.example.com/mosis/' });
  });
  afterAll(() => platform.stop());

  const outbox = () => join(platform.settings.dataDir, 'outbox');
  const mailsTo = (email: string) => readOutbox(platform).filter((mail) => mail.includes(`To: ${email}\r\n`));
  const register = async (email: string, name = 'Jo') => {
    expectStatus(await platform.client().post('/v1/auth/register', { email, name, password: PASSWORD }), 202);
    await platform.idle();
  };

  it('is one complete .eml a message, which only the server’s user and group may read', async () => {
    await register(`${unique('to')}@example.com`);
    const names = readdirSync(outbox());
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      expect(name).toMatch(/^\d{4}-\d\d-\d\dT[\d-]+Z-[0-9a-f-]{36}\.eml$/);
      expect(statSync(join(outbox(), name)).mode & 0o007).toBe(0);
    }
  });

  it('has the link on one unbroken line of its own, the token behind #', async () => {
    const email = `${unique('to')}@example.com`;
    await register(email);
    const [mail = ''] = mailsTo(email);
    expect(mail).toMatch(/\r\nhttps:\/\/store\.example\.com\/mosis\/admin\/verify-email#token=[A-Za-z0-9]{27}\r\n/);
    expect(mail).not.toMatch(/=\r\n|=3D/);
    expect(mail.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it.each([
    ['Jo', '7bit'],
    ['Zoë Ærø 🦊', '8bit'],
  ])('is plain text that every reader understands, for %s in %s', async (name, encoding) => {
    const email = `${unique('to')}@example.com`;
    await platform.app.get(MailService).send({ email, isProven: true }, { template: 'password-changed', name });
    const [mail = ''] = mailsTo(email);
    expect(mail).toContain(`\r\nContent-Transfer-Encoding: ${encoding}\r\n`);
    const parsed = await parse(mail);
    expect(parsed).toMatchObject({ from: { address: 'no-reply@localhost' }, subject: 'Your password was changed' });
    expect(parsed.to?.[0]?.address).toBe(email);
    expect(parsed.text).toContain(`Hello ${name},`);
    expect(parsed.html).toBeUndefined();
    expect(parsed.messageId).toMatch(/^<[0-9a-f-]{36}@localhost>$/);
    expect(Math.abs(Date.parse(parsed.date ?? '') - Date.now())).toBeLessThan(60_000);
    expect(parsed.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
  });

  it('carries no word of whoever registers an address to whoever has it', async () => {
    const email = `${unique('to')}@example.com`;
    await register(email, 'your account is locked, see https://evil.example');
    await platform.client().post('/v1/auth/forgot-password', { email });
    await platform.idle();
    expect(mailsTo(email)).toHaveLength(2);
    for (const mail of mailsTo(email)) expect((await parse(mail)).text).not.toMatch(/evil|locked/);
  });

  it('neither floods nor talks to whoever has an address that a stranger registered, whatever the stranger does', async () => {
    const email = `${unique('to')}@example.com`;
    const stranger = await signUp(platform, { email, name: 'go to evil.example', verified: false });
    let current = PASSWORD;
    for (let change = 1; change <= 7; change += 1) {
      const next = `${PASSWORD} ${change}`;
      const body = { current_password: current, new_password: next };
      expectStatus(await stranger.client.post('/v1/me/password', body), 204);
      current = next;
    }
    const key = await addApiKey(stranger, ['apps:read'], { name: 'evil key' });
    await platform.app.get(ApiKeysService).revokeLeaked([key], 'com.evil.app', 'evil.txt');
    expectStatus(await stranger.client.delete('/v1/me'), 204);
    await platform.idle();
    const mails = await Promise.all(mailsTo(email).map(parse));
    const about = (subject: string) => mails.filter((mail) => mail.subject?.includes(subject));
    expect(about('password was changed')).toHaveLength(5);
    expect(about('revoked')).toHaveLength(1);
    expect(about('deleted')).toHaveLength(1);
    for (const { text } of mails) expect(text).not.toMatch(/evil/);
  });

  it('of a decision goes out each time, however many there are', async () => {
    const email = `${unique('to')}@example.com`;
    const decided = { template: 'listing-decided', name: 'Jo', decision: 'approved', notes: '' } as const;
    for (let app = 0; app < 8; app += 1)
      await platform.app
        .get(MailService)
        .send({ email, isProven: true }, { ...decided, packageId: `com.example.app${app}` });
    expect(mailsTo(email)).toHaveLength(8);
  });

  it('goes to nobody at .invalid, which by RFC 2606 reaches nobody', async () => {
    const before = readOutbox(platform).length;
    await register(`${unique('to')}@reserved.invalid`);
    await register(`${unique('to')}@RESERVED.INVALID`);
    expect(readOutbox(platform).length).toBe(before);
  });

  it('goes to one address at most five times an hour for one reason, whoever asks and however it is spelt', async () => {
    const email = `${unique('flooded')}@example.com`;
    for (let asked = 0; asked < 4; asked += 1) await register(email);
    for (let asked = 0; asked < 4; asked += 1) await register(email.toUpperCase());
    expect(mailsTo(email).length).toBe(5);
    await platform.client().post('/v1/auth/forgot-password', { email });
    await platform.idle();
    expect(mailsTo(email).length).toBe(6);
    const other = `${unique('other')}@example.com`;
    await register(other);
    expect(mailsTo(other).length).toBe(1);
  });

  it('keeps within the line length of RFC 5322, and breaks long lines between words', async () => {
    const words = Array.from({ length: 900 }, (_, index) => `wörd${index}`).join(' ');
    const email = `${unique('to')}@example.com`;
    await platform.app.get(MailService).send(
      { email, isProven: true },
      {
        template: 'version-decided',
        name: 'Jo',
        packageId: 'com.example.app',
        version: '1.0.0',
        decision: 'rejected',
        notes: `${words}\n${'x'.repeat(3000)}`,
      },
    );
    const [mail = ''] = mailsTo(email);
    for (const line of mail.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(998);
    const text = (await parse(mail)).text ?? '';
    expect(text.replaceAll(/\s+/g, ' ')).toContain(words);
    expect(text.replaceAll(/\s+/g, '')).toContain('x'.repeat(3000));
  });
});

describe('a message', () => {
  it('has nothing of its text or its subject among the headers, and no bare CR or LF', () => {
    const subject = 'Hello\r\nBcc: everybody@example.com';
    const message = composeMessage({ to: 'a@example.com', subject, text: 'one\rtwo\nthree\r\nfour' }, 'x@y.z', 'id');
    expect(message).not.toMatch(/^Bcc:/m);
    expect(message.split('\r\n\r\n')[1]).toBe('one\r\ntwo\r\nthree\r\nfour');
    expect(message.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });
});
