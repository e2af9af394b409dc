import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transporter } from 'nodemailer';

/** A mail, ready to go: plain text only. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** The mail server does not take mails for this recipient and never will; the message is its reply in numbers. */
export class RecipientRefused extends Error {}

/** Delivers mails; resolves when the next hop has taken the mail. */
export interface MailTransport {
  /** @throws RecipientRefused; anything else may pass, or be mended by the operator. No error names the recipient. */
  send(mail: Mail, id: string): Promise<void>;
  close(): void;
}

/**
 * The message itself: plain text, never encoded, so that a link stays one piece for people and for programs. Only lines
 * longer than RFC 5322 §2.1.1 allows, which no link is, are broken, between words where that is possible.
 * Everything that goes into a header is ours (addresses were validated, subjects are made of package ids and versions).
 */
export function composeMessage(mail: Mail, from: string, id: string): string {
  const ascii = [...mail.text].every((character) => character.charCodeAt(0) < 128);
  const domain = /@([^\s>]+)/.exec(from)?.[1] ?? 'localhost';
  const headers = {
    From: from,
    To: mail.to,
    Subject: mail.subject,
    Date: new Date().toUTCString().replace('GMT', '+0000'),
    'Message-ID': `<${id}@${domain}>`,
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Transfer-Encoding': ascii ? '7bit' : '8bit',
    'Auto-Submitted': 'auto-generated',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]+/g, ' ')}`);
  return [...head, '', ...mail.text.split(/\r\n|\r|\n/).flatMap(breakLine)].join('\r\n');
}

/** 998 octets are the most that a line may have; a character has up to four. */
const MAX_LINE_BYTES = 998;
const BREAK_AT_CHARACTERS = 240;

function breakLine(line: string): string[] {
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) return [line];
  return line.match(new RegExp(`.{1,${BREAK_AT_CHARACTERS}}(?:\\s|$)|.{1,${BREAK_AT_CHARACTERS}}`, 'gsu')) ?? [line];
}

/** Mail through an SMTP server. */
export class SmtpTransport implements MailTransport {
  private transport: Promise<Transporter> | undefined;

  constructor(
    private readonly url: string,
    private readonly from: string,
  ) {}

  async send(mail: Mail, id: string): Promise<void> {
    const raw = composeMessage(mail, this.from, id);
    const transport = await (this.transport ??= this.open());
    try {
      await transport.sendMail({ envelope: { from: addressOf(this.from), to: [mail.to], use8BitMime: true }, raw });
    } catch (error) {
      throw explain(error as SmtpError);
    }
  }

  close(): void {
    void this.transport?.then((transport) => transport.close());
  }

  /** Loaded with the first mail: a server that sends none does without its megabytes. */
  private async open(): Promise<Transporter> {
    const { createTransport } = await import('nodemailer');
    return createTransport(this.url, {
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 30_000,
    } as object);
  }
}

/** Mail as files: one `.eml` a message, complete the moment it has its name. */
export class OutboxTransport implements MailTransport {
  constructor(
    private readonly folder: string,
    private readonly from: string,
  ) {}

  async send(mail: Mail, id: string): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    const name = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${id}.eml`;
    const temporary = join(this.folder, `.${name}.tmp`);
    const file = await open(temporary, 'w', 0o640);
    try {
      await file.writeFile(composeMessage(mail, this.from, id));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(this.folder, name));
  }

  close(): void {}
}

/** What nodemailer says of a mail server that said no. */
interface SmtpError extends Error {
  command?: string;
  response?: string;
}

/** The error as callers may log it: a reply to the recipient usually quotes the address, so its numbers stand for it. */
function explain(error: SmtpError): Error {
  if (error.command !== 'RCPT TO') return error;
  const refusal = findRefusal(error);
  if (refusal !== undefined) return new RecipientRefused(refusal);
  const [reply = 'no reply'] = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3}\b)?/.exec(error.response ?? '') ?? [];
  return new Error(`The mail server does not take the recipient: ${reply}`);
}

/**
 * The numbers of a reply by which a recipient does not exist (RFC 5321 §4.2.3; RFC 3463 §3.2 and §3.3: X.1.0 to X.1.6, X.1.10
 * and X.2). No other refusal is final: `5.7.1`, relaying denied, and `5.1.8`, a bad sender, are about our own settings.
 */
function findRefusal({ response }: SmtpError): string | undefined {
  const [reply, enhanced] = /^55[0-4](?:[ -](5\.\d{1,3}\.\d{1,3})\b)?/.exec(response ?? '') ?? [];
  if (reply === undefined) return undefined;
  if (enhanced === undefined) return /^55[013]/.test(reply) ? reply : undefined;
  return /^5\.(?:1\.(?:[0-6]|10)|2\.\d+)$/.test(enhanced) ? reply : undefined;
}

/** The bare address of `Name <address>`. */
function addressOf(mailbox: string): string {
  return /<([^>]+)>/.exec(mailbox)?.[1] ?? mailbox;
}
