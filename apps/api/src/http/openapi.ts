import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { VERSION } from '../common/version.js';
import { SESSION_COOKIE } from '../access/credentials.js';

/** Builds the OpenAPI 3.1 document of every route. */
export function buildOpenApi(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Mosis Platform')
    .setDescription(
      'The server behind the app store of Mosis devices. Failures are RFC 9457 problem documents with a stable `code`.',
    )
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setOpenAPIVersion('3.1.0')
    .addSecurity('session', { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE })
    .addSecurity('api_key', {
      type: 'http',
      scheme: 'bearer',
      description: 'An API key, `mk_live_…`; X-API-Key works as well.',
    })
    .addSecurity('ingest_key', {
      type: 'apiKey',
      in: 'header',
      name: 'X-Ingest-Key',
      description: 'A key of an app’s own, `mi_…`: public, and good for sending telemetry only.',
    })
    .build();
  const components: Record<string, unknown> = {};
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '').replace(/^./, (first) => first.toLowerCase())}_${method}`,
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType, components),
  });
  document.components = {
    ...document.components,
    schemas: sortKeys({ ...document.components?.schemas, ...components }) as never,
  };
  document.paths = sortKeys(document.paths) as never;
  correct(document);
  return document;
}

interface Operation {
  parameters?: { name: string; in: string }[];
  responses?: Record<string, { content?: Record<string, object> }>;
}

/** What Nest says of every route but is not so here: the type of failures, and the name of a path's open end. */
function correct(document: OpenAPIObject): void {
  for (const operations of Object.values(document.paths)) {
    for (const { parameters, responses } of Object.values(operations) as Operation[]) {
      const problem = responses?.default;
      const json = problem?.content?.['application/json'];
      if (problem && json) problem.content = { 'application/problem+json': json };
      const rest = parameters?.find(({ name, in: place }) => place === 'path' && name === '*');
      // In the address it is {path} already.
      if (rest) rest.name = 'path';
    }
  }
}

/** Zod's own JSON Schema, with named schemas lifted into the document's components. */
function convert(schema: z.ZodType, io: 'input' | 'output', components: Record<string, unknown>) {
  const {
    $schema: _schema,
    $defs = {},
    ...json
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' }) as Record<string, unknown> & {
    $defs?: Record<string, unknown>;
  };
  const lifted = JSON.parse(JSON.stringify({ json, $defs }).replaceAll('#/$defs/', '#/components/schemas/')) as {
    json: Record<string, unknown>;
    $defs: Record<string, unknown>;
  };
  for (const [name, definition] of Object.entries(lifted.$defs)) components[name] = withoutId(definition);
  const { id } = lifted.json as { id?: string };
  if (id === undefined) return { schema: lifted.json };
  components[id] = withoutId(lifted.json);
  return { schema: { $ref: `#/components/schemas/${id}` } };
}

function withoutId(definition: unknown): unknown {
  const { id: _id, ...rest } = definition as Record<string, unknown>;
  return rest;
}

function sortKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
