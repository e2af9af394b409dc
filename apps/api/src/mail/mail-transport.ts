import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';

/** A mail, ready to go: plain text only. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Delivers mails; resolves when the next hop has taken the mail. */
export interface MailTransport {
  send(mail: Mail, id: string): Promise<void>;
  close(): void;
}

/** The message as nodemailer takes it: text that is never folded or quoted, so that a link stays one piece. */
function toMessage(mail: Mail, from: string) {
  // eslint-disable-next-line no-control-regex
  const ascii = /^[\x00-\x7f]*$/.test(mail.text);
  return {
    from,
    to: mail.to,
    subject: mail.subject,
    alternatives: [
      {
        contentType: 'text/plain; charset=utf-8',
        content: mail.text,
        contentTransferEncoding: ascii ? '7bit' : '8bit',
      },
    ],
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** Mail through an SMTP server. */
export class SmtpTransport implements MailTransport {
  private readonly transport;

  constructor(
    url: string,
    private readonly from: string,
  ) {
    this.transport = createTransport(url, {
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 30_000,
    } as object);
  }

  async send(mail: Mail): Promise<void> {
    await this.transport.sendMail(toMessage(mail, this.from));
  }

  close(): void {
    this.transport.close();
  }
}

/** Mail as files: one `.eml` a message, complete the moment it has its name. */
export class OutboxTransport implements MailTransport {
  private readonly composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });

  constructor(
    private readonly folder: string,
    private readonly from: string,
  ) {}

  async send(mail: Mail, id: string): Promise<void> {
    const { message } = await this.composer.sendMail(toMessage(mail, this.from));
    await mkdir(this.folder, { recursive: true, mode: 0o750 });
    const name = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${id}.eml`;
    const temporary = join(this.folder, `.${name}.tmp`);
    const file = await open(temporary, 'w', 0o640);
    try {
      await file.writeFile(message as Buffer);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(this.folder, name));
  }

  close(): void {}
}
