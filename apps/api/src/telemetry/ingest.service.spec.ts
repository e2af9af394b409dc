import fc from 'fast-check';
import { PROBLEMS } from '../common/problems.js';
import { toAppError } from './ingest.service.js';

const refusal = (status: number, code: string, more: object = {}) =>
  toAppError({ kind: 'refused', status, code, detail: 'Why.', ...more });

describe('what the engine refuses', () => {
  it.each([
    [400, 'body-unreadable', 'body-unreadable'],
    [403, 'quota-spent', 'quota-spent'],
    [409, 'batch-id-reused', 'batch-id-reused'],
    [413, 'body-too-large', 'body-too-large'],
    [415, 'unsupported-encoding', 'unsupported-encoding'],
    [422, 'validation-failed', 'validation-failed'],
    [422, 'too-many-events', 'too-many-events'],
    [422, 'invalid-sent-at', 'invalid-sent-at'],
    [422, 'app-mismatch', 'app-mismatch'],
    [429, 'rate-limited', 'rate-limited'],
    [429, 'device-rate-exceeded', 'device-rate-exceeded'],
    [503, 'overloaded', 'overloaded'],
    [503, 'disk-low', 'disk-low'],
    [503, 'upload-failed', 'upload-failed'],
  ])('with %d %s is a problem of the table with the same status', (status, code, word) => {
    expect(refusal(status, code)).toMatchObject({ status, code: word, detail: 'Why.' });
  });

  it('keeps its status and detail when the table has no such word, or has it for another status', () => {
    expect(refusal(422, 'from-a-newer-engine')).toMatchObject({ status: 422, code: 'validation-failed' });
    expect(refusal(503, 'validation-failed')).toMatchObject({ status: 503, code: 'overloaded' });
    expect(refusal(422, 'constructor')).toMatchObject({ status: 422, code: 'validation-failed' });
    expect(refusal(418, 'teapot')).toMatchObject({ status: 500, code: 'internal-error' });
  });

  it('is always a problem of the table, whatever it is called', () => {
    fc.assert(
      fc.property(fc.constantFrom(400, 403, 409, 413, 415, 422, 429, 503), fc.string(), (status, code) => {
        const error = refusal(status, code);
        expect(error.status).toBe(status);
        expect(PROBLEMS[error.code]).toEqual([status, error.title]);
      }),
    );
  });

  it('keeps what says where and when, and is no news for the log', () => {
    const errors = [{ pointer: '/events', code: 'missing', detail: 'This is required.' }];
    expect(refusal(422, 'validation-failed', { errors }).options).toMatchObject({ errors });
    expect(refusal(503, 'overloaded', { retryAfterSeconds: 7 }).options).toMatchObject({
      retryAfterSeconds: 7,
      routine: true,
    });
  });
});
