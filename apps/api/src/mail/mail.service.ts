import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { join } from 'node:path';
import { newId } from '@mosis/db';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { RequestLimits } from '../limits/request-limits.js';
import { withoutChosenWords, writeMail, type MailContent } from './mail-templates.js';
import type { Recipient } from './recipient.js';
import { OutboxTransport, RecipientRefused, SmtpTransport, type MailTransport } from './mail-transport.js';

/** Mails that an anonymous person can have sent to any address. Others follow from what somebody did here, and are not lost. */
const ASKED_FOR_BY_ANYBODY: ReadonlySet<string> = new Set(['verify-email', 'account-exists', 'reset-password']);

/** What became of a mail that is not to be tried again. */
export type MailResult = { sent: true } | { sent: false; why: string };

/** Writes and sends mails; called from jobs, so that a failing mail server delays mails and loses none. */
@Injectable()
export class MailService implements OnModuleDestroy {
  private readonly logger = new Logger('mail');
  private readonly transport: MailTransport;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly limits: RequestLimits,
  ) {
    this.transport = settings.smtpUrl
      ? new SmtpTransport(settings.smtpUrl, settings.mailFrom)
      : new OutboxTransport(join(settings.dataDir, 'outbox'), settings.mailFrom);
  }

  /** The address of a console page, its token behind `#`. */
  link(page: string, token?: string): string {
    return `${this.settings.publicUrl}/admin/${page}${token ? `#token=${token}` : ''}`;
  }

  /**
   * Sends one mail. Nothing is sent to `.invalid` addresses, which by RFC 2606 reach nobody, nor, of what anybody can have
   * sent to an address, beyond the limit per recipient and hour, so that nobody can be flooded through us. That is every mail to
   * an address that is not proven, and such a mail carries no words of whoever registered it.
   *
   * A recipient whom the mail server does not know is refused for good, and counts as a mail that went out.
   *
   * @throws when the mail server does not take it otherwise: try again later
   */
  async send({ email: to, isProven }: Recipient, asked: MailContent): Promise<MailResult> {
    if (to.toLowerCase().endsWith('.invalid')) return { sent: false, why: 'reaches nobody' };
    const content = isProven ? asked : withoutChosenWords(asked);
    const { template } = content;
    const isLimited = !isProven || ASKED_FOR_BY_ANYBODY.has(template);
    const recipient = `${template}:${to.toLowerCase()}`;
    if (isLimited && !(await this.take(recipient))) {
      this.logger.warn({ msg: 'mail not sent: too many', 'mail.template': template });
      return { sent: false, why: 'too many' };
    }
    try {
      await this.transport.send(writeMail(to, content), newId());
    } catch (error) {
      if (error instanceof RecipientRefused) {
        this.logger.warn({ msg: 'mail refused for good', 'mail.template': template, 'mail.reply': error.message });
        return { sent: false, why: `refused: ${error.message}` };
      }
      // Only what went out counts: a mail server that is away for an hour must not use up the limit, and with it the mail.
      if (isLimited) await this.giveBack(recipient);
      throw error;
    }
    this.logger.log({ msg: 'mail sent', 'mail.template': template });
    if (this.settings.environment === 'development' && !this.settings.smtpUrl && 'link' in content) {
      // No mail server and a developer's machine: the log is where the link is looked for.
      this.logger.log({ msg: `open ${content.link}`, 'mail.template': template, 'log.keep_link': true });
    }
    return { sent: true };
  }

  onModuleDestroy(): void {
    this.transport.close();
  }

  private async take(recipient: string): Promise<boolean> {
    return (await this.limits.tryConsume('mail/recipient', recipient)) && (await this.limits.tryConsume('mail/all'));
  }

  private async giveBack(recipient: string): Promise<void> {
    await this.limits.giveBack('mail/recipient', recipient);
    await this.limits.giveBack('mail/all');
  }
}
