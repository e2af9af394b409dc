import { Body, Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { SESSION_COOKIE } from '../access/credentials.js';
import { Route } from '../common/route.decorator.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { AccountsService } from './accounts.service.js';
import {
  acceptedSchema,
  developerSchema,
  forgotPasswordSchema,
  loginAnswerSchema,
  loginSchema,
  registerSchema,
  resetPasswordSchema,
  setupSchema,
  tokenSchema,
} from './accounts.schemas.js';

/** As long as browsers keep any cookie: 400 days. */
const COOKIE_LIFE_S = 400 * 24 * 3600;
const ACCEPTED = { status: 'accepted' as const };

@ApiTags('auth')
@Controller('v1/auth')
export class AuthController {
  constructor(
    private readonly accounts: AccountsService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Post('register')
  @Route({
    summary: 'Register; a mail carries the verification link',
    description: 'Answers the same for every address. Registering an unverified address again replaces what was there.',
    access: { kind: 'public' },
    status: 202,
    answer: acceptedSchema,
  })
  async register(
    @Body({ schema: registerSchema }) body: z.output<typeof registerSchema>,
    @Req() request: FastifyRequest,
  ) {
    await this.accounts.register(body, request.ip, request.id);
    return ACCEPTED;
  }

  @Post('verify-email')
  @Route({ summary: 'Verify an address by the token of its mail', access: { kind: 'public' }, status: 204 })
  async verifyEmail(@Body({ schema: tokenSchema }) body: z.output<typeof tokenSchema>, @Req() request: FastifyRequest) {
    await this.accounts.verifyEmail(body.token, request.ip, request.id);
  }

  @Post('login')
  @Route({ summary: 'Sign in; sets the session cookie', access: { kind: 'public' }, answer: loginAnswerSchema })
  async login(
    @Body({ schema: loginSchema }) body: z.output<typeof loginSchema>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { developer, sessionToken } = await this.accounts.login(body.email, body.password, request.ip);
    // Whoever was signed in on this browser is not any more.
    await this.accounts.logout(request.cookies[SESSION_COOKIE]);
    void reply.setCookie(SESSION_COOKIE, sessionToken, {
      ...this.cookie(),
      // The session ends on the server, 14 days after its last use; the cookie only has to outlive it.
      maxAge: COOKIE_LIFE_S,
    });
    return { developer };
  }

  @Post('logout')
  @Route({ summary: 'End the session', access: { kind: 'public' }, status: 204 })
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    await this.accounts.logout(request.cookies[SESSION_COOKIE]);
    void reply.clearCookie(SESSION_COOKIE, this.cookie());
  }

  @Post('forgot-password')
  @Route({
    summary: 'Ask for a mail with a link to a new password',
    access: { kind: 'public' },
    status: 202,
    answer: acceptedSchema,
  })
  async forgotPassword(
    @Body({ schema: forgotPasswordSchema }) body: z.output<typeof forgotPasswordSchema>,
    @Req() request: FastifyRequest,
  ) {
    await this.accounts.forgotPassword(body.email, request.ip);
    return ACCEPTED;
  }

  @Post('reset-password')
  @Route({
    summary: 'Set a new password by the token of a mail; ends every session',
    access: { kind: 'public' },
    status: 204,
  })
  async resetPassword(
    @Body({ schema: resetPasswordSchema }) body: z.output<typeof resetPasswordSchema>,
    @Req() request: FastifyRequest,
  ) {
    await this.accounts.resetPassword(body.token, body.password, request.ip, request.id);
  }

  @Post('setup')
  @Route({
    summary: 'Create the first admin by the one-time link that the server printed',
    access: { kind: 'public' },
    status: 201,
    answer: developerSchema,
  })
  async setUp(@Body({ schema: setupSchema }) body: z.output<typeof setupSchema>, @Req() request: FastifyRequest) {
    return this.accounts.setUpFirstAdmin(body, request.ip, request.id);
  }

  private cookie() {
    return { path: '/', httpOnly: true, sameSite: 'lax' as const, secure: this.settings.secureCookies };
  }
}
