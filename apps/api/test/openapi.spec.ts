import { readFileSync } from 'node:fs';
import { buildOpenApi } from '../src/http/openapi.js';
import { DOCS_POLICY } from '../src/http/security-headers.js';
import { TestPlatform } from './support/platform.js';
import { ROUTES } from './support/route-table.js';

const COMMITTED = new URL('../openapi.json', import.meta.url);
/** Pages and files of the server itself, which are no API. */
const NOT_API = /^GET \/(openapi\.json|docs|admin)/;

interface Operation {
  operationId: string;
  summary: string;
  security?: object[];
  parameters?: { name: string; in: string; schema?: object }[];
  requestBody?: { content: Record<string, { schema?: object }> };
  responses: Record<string, { content?: Record<string, { schema?: { $ref?: string } }> }>;
}
interface Document {
  openapi: string;
  info: { version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: object };
}

describe('the OpenAPI document', () => {
  let platform: TestPlatform;
  const text = readFileSync(COMMITTED, 'utf8');
  const document = JSON.parse(text) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      method,
      operation,
    })),
  );
  beforeAll(async () => {
    platform = await TestPlatform.start();
  });
  afterAll(() => platform.stop());

  it('is what the code says', () => {
    const generated = `${JSON.stringify(buildOpenApi(platform.app), null, 2)}\n`;
    if (generated !== text) {
      const lines = text.split('\n');
      const at = generated.split('\n').findIndex((line, index) => line !== lines[index]);
      throw new Error(`apps/api/openapi.json differs from the code in line ${at + 1}. Write it anew: npm run openapi`);
    }
  });

  it('has every route of the API and no other', () => {
    const routes = ROUTES.map(({ route }) => route).filter((route) => !NOT_API.test(route));
    const inTable = routes.map((route) => route.replaceAll(/:(\w+)/g, '{$1}').replace(/\/\*$/, '/{path}'));
    const named = operations.map(({ name }) => name.replace(/\/\{\*?path\}$|\/\*$/, '/{path}'));
    expect(named.sort()).toEqual(inTable.sort());
  });

  it('is OpenAPI 3.1, and every reference in it leads somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    const references = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map(([, reference = '']) => reference);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      expect(reference).toMatch(/^#\//);
      const target = reference
        .slice(2)
        .split('/')
        .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], document);
      expect([reference, typeof target]).toEqual([reference, 'object']);
    }
    const used = new Set(references.map((reference) => reference.replace('#/components/schemas/', '')));
    expect(Object.keys(document.components.schemas).filter((name) => !used.has(name))).toEqual([]);
  });

  it('has a name for each operation that no other has', () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]*_[a-z][A-Za-z]*$/);
  });

  it.each(operations.map(({ name, operation }) => [name, operation] as const))('describes %s', (name, operation) => {
    expect(operation.summary.length).toBeGreaterThan(5);
    const { default: problem, ...successes } = operation.responses;
    expect(problem?.content).toEqual({
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
    });
    const [status = '', ...others] = Object.keys(successes);
    expect(others).toEqual([]);
    expect(status).toMatch(/^20[0124]$/);
    const contents = Object.values(successes[status]?.content ?? {});
    expect(contents.length).toBe(status === '204' ? 0 : 1);
    for (const { schema } of contents) expect(schema).toBeDefined();
    const named = [...name.matchAll(/\{\*?(\w+)\}/g)].map(([, parameter]) => parameter);
    const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(described.map((parameter) => parameter.name).sort()).toEqual(named.sort());
    for (const parameter of operation.parameters ?? []) expect(parameter.schema).toBeDefined();
  });

  it('says which credentials a route takes, as the guard does', () => {
    for (const { route, needs } of ROUTES.filter((row) => !NOT_API.test(row.route))) {
      const [method = '', path = ''] = route.split(' ');
      const found = operations.find(
        ({ name }) => name.replace(/\{\*?path\}$|\*$/, '*') === `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
      );
      const schemes = (found?.operation.security ?? []).flatMap((scheme) => Object.keys(scheme)).sort();
      const person = needs.includes(':') ? ['api_key', 'session'] : ['session'];
      const expected = needs === 'nothing' ? [] : needs === 'ingest key' ? ['ingest_key'] : person;
      expect([route, schemes]).toEqual([route, expected]);
    }
  });

  it('is served as it is committed, and not again to who has it', async () => {
    const answer = await platform.client().get('/openapi.json');
    expect(answer.bytes.toString('utf8')).toBe(text);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    const again = await platform.client().get('/openapi.json', { 'if-none-match': String(answer.headers.etag) });
    expect(again.status).toBe(304);
    expect(again.bytes.length).toBe(0);
  });

  it('is readable on a page that loads from this server alone, under a policy that lets it load nothing else', async () => {
    const page = await platform.client().get('/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toBe(DOCS_POLICY);
    const html = String(page.body);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|javascript:/i);
    const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
    expect(addresses.length).toBeGreaterThanOrEqual(4);
    for (const address of addresses) {
      expect(address).toMatch(/^\/(?!\/)/);
      expect((await platform.client().get(address)).status).toBe(200);
    }
    const script = String((await platform.client().get('/docs/reference.js')).body);
    expect(script).not.toMatch(/https?:\/\//);
  });
});
