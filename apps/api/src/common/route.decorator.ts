import { HttpCode, applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiSecurity } from '@nestjs/swagger';
import { z } from 'zod';
import { Access, type AccessRule } from '../access/access.decorator.js';
import { MarkBodyless } from './bodyless-route.js';

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().describe('Stable word to switch on.'),
    detail: z.string().describe('What is wrong and what to do.'),
    request_id: z.string(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

/** What a route declares about itself. */
export interface RouteOptions {
  /** One line for the reference. */
  summary: string;
  description?: string;
  access: AccessRule;
  /** Status of success; 200 when absent. */
  status?: 200 | 201 | 202 | 204;
  /** Schema of the answer; absent for 204 and for bytes. */
  answer?: z.ZodType;
  /** Content type of an answer that is bytes. */
  bytes?: string;
}

/** Everything a route has to say: whom it admits, what it answers, and how the reference describes it. */
export function Route(options: RouteOptions) {
  const { access, status = 200, answer, bytes } = options;
  const content = bytes ? { content: { [bytes]: { schema: { type: 'string' as const, format: 'binary' } } } } : {};
  return applyDecorators(
    Access(access),
    MarkBodyless(),
    HttpCode(status),
    ApiOperation({ summary: options.summary, description: describeAccess(access, options.description) }),
    ApiResponse({ status, description: 'Success', ...(answer ? { standardSchema: answer } : content) }),
    ApiResponse({ status: 'default', description: 'A problem document', standardSchema: problemSchema }),
    ...(access.kind === 'public' || access.kind === 'ingest_key' ? [] : [ApiSecurity('session')]),
    ...(access.kind === 'ingest_key' ? [ApiSecurity('ingest_key')] : []),
    ...(access.kind === 'permission' ? [ApiSecurity('api_key')] : []),
  );
}

function describeAccess(rule: AccessRule, description: string | undefined): string {
  const needs = {
    public: 'No account needed.',
    ingest_key: 'Needs an ingest key of the app.',
    session: 'Needs a signed-in person.',
    permission: `Needs a signed-in person, or a key with \`${rule.kind === 'permission' ? rule.permission : ''}\`.`,
    role: `Needs a signed-in ${rule.kind === 'role' ? rule.role : ''}.`,
  }[rule.kind];
  return description ? `${description}\n\n${needs}` : needs;
}
