import { Global, Module } from '@nestjs/common';
import { MailService } from './mail.service.js';

/** Mail, for every service that tells people something. */
@Global()
@Module({ providers: [MailService], exports: [MailService] })
export class MailModule {}
