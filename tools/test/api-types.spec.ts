import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeApiTypes } from '../lib/api-types.mjs';
import { root } from '../lib/workspace.mjs';

const read = (file: string) => readFileSync(join(root, file), 'utf8');

describe("the console's types of the API", () => {
  it('are what the committed OpenAPI document says', () => {
    const document = JSON.parse(read('apps/api/openapi.json')) as object;
    // Not compared as texts by Jest, which would print both whole.
    const isCurrent = writeApiTypes(document) === read('apps/admin/src/api/schema.ts');
    if (!isCurrent) throw new Error('apps/admin/src/api/schema.ts is not current. Write it anew: npm run api-types');
  });

  it('say what a schema says', () => {
    const schema = {
      type: 'object',
      properties: {
        id: { type: 'string' },
        kind: { enum: ['version', 'listing'] },
        size: { type: ['integer', 'null'] },
        tags: { type: 'array', items: { type: 'string' } },
        'a-b': { anyOf: [{ $ref: '#/components/schemas/Other' }, { type: 'null' }] },
        data: {},
        counts: { type: 'object', additionalProperties: { type: 'number' } },
      },
      required: ['id', 'size'],
    };
    const text = writeApiTypes({
      components: { schemas: { Thing: schema, Other: { type: 'boolean' } } },
      paths: {
        '/things/{id}': {
          get: {
            parameters: [
              { name: 'id', in: 'path', required: true, schema: { type: 'string' } },
              { name: 'limit', in: 'query', schema: { type: 'integer' } },
            ],
            responses: {
              200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } },
              default: { content: {} },
            },
          },
          delete: { responses: { 204: { description: 'Success' } } },
        },
      },
    });
    expect(text).toContain(
      'export type Thing = { id: string; kind?: "version" | "listing"; size: number | null; tags?: Array<string>; ' +
        '"a-b"?: Other | null; data?: unknown; counts?: Record<string, number>; };',
    );
    expect(text).toContain(
      "'GET /things/{id}': { path: { id: string; }; query: { limit?: number; }; body: undefined; answer: Thing };",
    );
    expect(text).toContain(
      "'DELETE /things/{id}': { path: undefined; query: undefined; body: undefined; answer: undefined };",
    );
  });
});
