import { PROBLEMS } from '../../src/common/problems.js';
import type { Answer } from './client.js';

/** Fails unless an answer is a problem document as the contract wants it, with this code. */
export function expectProblem(answer: Pick<Answer, 'status' | 'headers' | 'body'>, code: string): void {
  const body = answer.body as Record<string, unknown>;
  expect(body).toMatchObject({ code });
  expect(describeProblemFault(answer)).toBeUndefined();
}

const MEMBERS = ['type', 'title', 'status', 'code', 'detail', 'request_id'];

/** What is wrong with a failed answer as a problem document, or `undefined`. */
export function describeProblemFault(answer: Pick<Answer, 'status' | 'headers' | 'body'>): string | undefined {
  const type = String(answer.headers['content-type']);
  if (!/^application\/problem\+json; charset=utf-8$/.test(type)) return `content type ${type}`;
  const body = answer.body as Record<string, unknown>;
  const missing = MEMBERS.filter((member) => body[member] === undefined || body[member] === '');
  if (missing.length > 0) return `lacks ${missing.join(', ')}`;
  if (body.status !== answer.status) return `says ${String(body.status)} under ${answer.status}`;
  if (body.type !== `urn:mosis:problem:${String(body.code)}`) return `type ${String(body.type)}`;
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(String(body.code))) return `code ${String(body.code)}`;
  if (answer.headers['x-request-id'] !== body.request_id) return 'another request id in the header';
  const known = (PROBLEMS as Record<string, readonly [number, string]>)[String(body.code)];
  if (known && (known[0] !== body.status || known[1] !== body.title))
    return `not as the table has ${String(body.code)}`;
  const errors = (body.errors ?? []) as Record<string, unknown>[];
  const wrong = errors.find(
    ({ pointer, code, detail }) => !/^(\/|$)/.test(String(pointer)) || !code || !detail || pointer === undefined,
  );
  return wrong && `part ${JSON.stringify(wrong)}`;
}
