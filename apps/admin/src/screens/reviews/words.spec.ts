import { missingChecks, reasonLabel, reasonTone, subjectOf, summarizeChecks } from './words';

const check = (name: string, status: 'passed' | 'failed' | 'queued' = 'passed') => ({
  name,
  status,
  required: true,
  run: 1,
  code: null,
  detail: null,
  evidence: null,
  finished_at: null,
});

describe('words about reviews', () => {
  it('never say that a check passed which did not run', () => {
    expect(summarizeChecks([check('archive', 'passed'), check('images', 'queued')])).toEqual({
      tone: 'warn',
      text: 'images queued',
    });
    expect(summarizeChecks([])).toEqual({ tone: 'warn', text: 'none ran' });
    const withoutSecrets = ['archive', 'signature', 'manifest', 'images'].map((name) => check(name));
    expect(summarizeChecks(withoutSecrets)).toEqual({ tone: 'warn', text: 'secrets did not run' });
    expect(missingChecks(withoutSecrets)).toEqual(['secrets']);
    const all = [...withoutSecrets, check('secrets')];
    expect(summarizeChecks(all)).toEqual({ tone: 'good', text: '5 passed' });
    expect(missingChecks(all)).toEqual([]);
  });

  it('put what failed before what is open', () => {
    const checks = [check('images', 'queued'), check('secrets', 'failed'), check('archive', 'passed')];
    expect(summarizeChecks(checks)).toEqual({ tone: 'bad', text: 'secrets failed' });
  });

  it('are there for a reason that nobody foresaw as well', () => {
    expect(reasonLabel({ code: 'signing-key-changed', detail: '' })).toBe('another signing key');
    expect(reasonLabel({ code: 'some-new-reason', detail: '' })).toBe('some new reason');
    expect([reasonTone({ code: 'permissions-added', detail: '' }), reasonTone({ code: 'x', detail: '' })]).toEqual([
      'warn',
      undefined,
    ]);
  });

  it('name what is submitted', () => {
    expect(subjectOf({ kind: 'version', version_name: '1.2.0', version_code: 12 })).toBe('1.2.0 (12)');
    expect(subjectOf({ kind: 'listing', version_name: null, version_code: null })).toBe('store page');
  });
});
