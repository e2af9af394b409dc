import { Controller, Get, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { SystemService } from '../administration/system.service.js';
import { Route } from '../common/route.decorator.js';
import { MetricsService } from './metrics.service.js';

const PUBLIC = { kind: 'public' } as const;
const aliveSchema = z.object({ status: z.literal('ok') });
const readySchema = z.object({
  status: z.enum(['ready', 'degraded']),
  problems: z.array(z.object({ code: z.string(), detail: z.string() })),
});

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(
    private readonly system: SystemService,
    private readonly metrics: MetricsService,
  ) {}

  @Get('healthz')
  @Route({ summary: 'Whether the process answers', access: PUBLIC, answer: aliveSchema })
  alive() {
    return { status: 'ok' as const };
  }

  @Get('readyz')
  @Route({
    summary: 'Whether requests can be served; what is degraded is in the body',
    access: PUBLIC,
    answer: readySchema,
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.header('cache-control', 'no-store');
    const problems = await this.system.findProblems();
    return { status: problems.length > 0 ? ('degraded' as const) : ('ready' as const), problems };
  }

  @Get('metrics')
  @Route({ summary: 'Figures for Prometheus', access: PUBLIC, bytes: 'text/plain' })
  async getMetrics(@Res({ passthrough: true }) reply: FastifyReply) {
    void reply.type('text/plain; version=0.0.4; charset=utf-8');
    return this.metrics.render();
  }
}
