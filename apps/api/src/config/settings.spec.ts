import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { SettingsError, readSettings, settingFields } from './settings.js';

const GUIDE = new URL('../../../../docs/operating.md', import.meta.url);

function problemsOf(environment: Record<string, string>): string[] {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}
/** The variables that problems are about. */
const namesOf = (environment: Record<string, string>) =>
  problemsOf(environment).map((problem) => problem.slice(0, problem.indexOf(':')));

describe('settings', () => {
  it('need nothing', () => {
    expect(readSettings({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      secureCookies: false,
      trustProxy: [],
      corsOrigins: [],
      rateLimits: true,
      allowSelfReview: false,
      admin: undefined,
      smtpUrl: undefined,
    });
  });

  it('that are empty or blank are not set', () => {
    const blank = Object.fromEntries(Object.keys(settingFields).map((name, index) => [name, index % 2 ? '' : '  ']));
    expect(readSettings(blank)).toEqual(readSettings({}));
  });

  it('name every problem at once, also those that settings have with each other', () => {
    const wrong = {
      PORT: 'many',
      LOG_LEVEL: 'loud',
      PUBLIC_URL: 'store.example.com',
      TRUST_PROXY: '10.0.0.0/8, proxy',
      CORS_ORIGINS: 'https://a.example/, *',
      ADMIN_EMAIL: 'admin@example.com',
      SMTP_URL: 'mail.example.com',
      MAIL_FROM: 'Somebody',
      OBJECT_STORE_URL: 's3://bucket/prefix',
      S3_SECRET_ACCESS_KEY: 'secret',
      RATE_LIMITS: 'maybe',
      PACKAGE_MAX_ENTRIES: '0',
      REVIEW_DUE_HOURS: '1.5',
    };
    const names = namesOf(wrong);
    for (const name of Object.keys(wrong).filter((name) => !/^(ADMIN_EMAIL|OBJECT_STORE_URL|S3_SECRET)/.test(name)))
      expect(names).toContain(name);
    expect(names).toEqual(expect.arrayContaining(['ADMIN_PASSWORD', 'S3_ACCESS_KEY_ID']));
    expect(names.filter((name) => name === 'CORS_ORIGINS').length).toBe(2);
    const message = new SettingsError(problemsOf(wrong)).message;
    expect(message.split('\n').length).toBe(names.length + 1);
    expect(message).not.toContain('secret');
  });

  it('say what fits in words for people', () => {
    expect(
      problemsOf({
        PORT: 'many',
        REVIEW_DUE_HOURS: '0',
        PACKAGE_MAX_ENTRIES: '1.5',
        LOG_LEVEL: 'loud',
        RATE_LIMITS: 'maybe',
        ADMIN_EMAIL: 'admin',
        ADMIN_PASSWORD: 'short',
        BACKUP_RETENTION_DAYS: '400',
      }),
    ).toEqual([
      'PORT: must be a whole number',
      'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
      'ADMIN_EMAIL: must be an e-mail address',
      'ADMIN_PASSWORD: must have at least 8 characters',
      'BACKUP_RETENTION_DAYS: must be 365 or less',
      'RATE_LIMITS: must be one of 0, 1, on, off, true, false',
      'REVIEW_DUE_HOURS: must be 1 or more',
      'PACKAGE_MAX_ENTRIES: must be a whole number',
    ]);
  });

  it.each([
    ['PORT', ['0', '65535'], ['-1', '65536', '80.5', 'http', '3000a']],
    [
      'PUBLIC_URL',
      ['https://store.example.com', 'http://nas:3000/', 'https://nas.local/mosis', 'http://[::1]:3000'],
      ['ftp://nas', 'https://', 'http://[', 'https://u:p@nas', 'https://nas/?a=b', 'https://nas/#a', 'https://a b'],
    ],
    [
      'TRUST_PROXY',
      ['127.0.0.1', '10.0.0.0/8, ::1', 'fd00::/8', 'loopback'],
      ['10.0.0.0/33', '10.0.0.0/0', '10.0.0', 'proxy', '10.0.0.0/8/8', '1.2.3.4:80'],
    ],
    [
      'CORS_ORIGINS',
      ['https://a.example', 'http://localhost:5173, https://b.example'],
      [
        '*',
        'null',
        'a.example',
        'https://a.example/',
        'https://a.example/x',
        'https://A.example',
        'https://a.example:443',
      ],
    ],
    ['SMTP_URL', ['smtp://host', 'smtps://user:p%40ss@host:465'], ['smtp://', 'http://host', 'smtp:host', 'host:25']],
    [
      'MAIL_FROM',
      ['a@example.com', 'Store <a@example.com>'],
      ['a', 'Store a@example.com', 'Store <a>', 'Möbel <a@example.com>', 'A <a@b.c>\r\nBcc: x@y.z'],
    ],
    ['OBJECT_STORE_URL', ['file:///volume1/objects'], ['/volume1', 'file://volume1', 'https://bucket', 's3//bucket']],
    ['RATE_LIMITS', ['on', 'off'], ['yes', 'OFF']],
    ['PACKAGE_MAX_BYTES', ['1024', '104857600'], ['1023', '100MiB', '1.5']],
    ['DRAFTS_MAX_BYTES', ['1024', '5368709120'], ['1023', '5GiB']],
    ['TELEMETRY_RAW_DAYS', ['8', '90', '3650'], ['7', '0', '1.5', '90d']],
    ['TELEMETRY_EXPORT', ['on', 'off'], ['yes']],
    ['TELEMETRY_BOT_ACTIVE_HOURS', ['1', '25'], ['0', '26']],
    ['TELEMETRY_COMMIT_DELAY_MS', ['0', '1000'], ['-1', '1001', '20ms']],
    ['TELEMETRY_MIN_FREE_MB', ['64'], ['63', '-1']],
  ])('%s is checked', (name, good, bad) => {
    for (const value of good) expect(problemsOf({ [name]: value })).toEqual([]);
    for (const value of bad) expect([value, namesOf({ [name]: value })]).toEqual([value, [name]]);
  });

  it('of telemetry have the defaults of the contract, and units that the engine wants', () => {
    expect(readSettings({}).telemetry).toEqual({
      rawDays: 90,
      exportAggregates: true,
      exportRaw: false,
      eventsPerAppDay: 20_000_000,
      newDevicesPerAppDay: 1_000_000,
      bots: { eventsPerDay: 20_000, interactionsPerDay: 3_000, activeHours: 20 },
      minFreeBytes: 512 * 1024 * 1024,
      gatherMs: 20,
      analyticsMemoryMb: 256,
    });
    expect(readSettings({ TELEMETRY_EXPORT: 'off' }).telemetry).toMatchObject({ exportAggregates: false });
    expect(readSettings({ TELEMETRY_EXPORT_RAW: 'on' }).telemetry).toMatchObject({ exportRaw: true });
  });

  it('that go together are set together', () => {
    expect(namesOf({ ADMIN_EMAIL: 'a@example.com' })).toEqual(['ADMIN_PASSWORD']);
    expect(namesOf({ ADMIN_PASSWORD: 'a good password' })).toEqual(['ADMIN_EMAIL']);
    expect(namesOf({ S3_ACCESS_KEY_ID: 'id' })).toEqual(['S3_SECRET_ACCESS_KEY']);
    expect(namesOf({ OBJECT_STORE_URL: 's3://bucket' })).toEqual(['S3_ACCESS_KEY_ID']);
    expect(namesOf({ TELEMETRY_EXPORT: 'off', TELEMETRY_EXPORT_RAW: 'on' })).toEqual(['TELEMETRY_EXPORT_RAW']);
    expect(namesOf({ TELEMETRY_EXPORT: '0', TELEMETRY_EXPORT_RAW: 'true' })).toEqual(['TELEMETRY_EXPORT_RAW']);
    const s3 = { OBJECT_STORE_URL: 's3://bucket/x', S3_ACCESS_KEY_ID: 'id', S3_SECRET_ACCESS_KEY: 'secret' };
    expect(readSettings(s3)).toMatchObject({ objectStoreUrl: 's3://bucket/x', s3: { accessKeyId: 'id' } });
  });

  it('say in what way, and never repeat a password', () => {
    const text = new SettingsError(problemsOf({ ADMIN_EMAIL: 'a@example.com', ADMIN_PASSWORD: 'geheim' })).message;
    expect(text).toContain('ADMIN_PASSWORD');
    expect(text).not.toContain('geheim');
    expect(new SettingsError(problemsOf({ SMTP_URL: 'smtp:user:geheim' })).message).not.toContain('geheim');
  });

  it('make links from the address that people use, without a slash too many', () => {
    expect(readSettings({ PUBLIC_URL: 'https://nas.local/mosis//' })).toMatchObject({
      publicUrl: 'https://nas.local/mosis',
      secureCookies: true,
    });
    expect(readSettings({ HOST: '::1', PORT: '80' }).publicUrl).toBe('http://[::1]:80');
    expect(readSettings({ HOST: '0.0.0.0' }).publicUrl).not.toContain('0.0.0.0');
  });

  it('find the objects under any data directory', () => {
    for (const dataDir of ['/volume1/mosis', '/volume 1/100%', '/data#1?', '/größe'])
      expect(readSettings({ DATA_DIR: dataDir }).objectStoreUrl).toBe(pathToFileURL(`${dataDir}/objects`).href);
  });

  it('are all in the table of the operator’s guide, which has no others', () => {
    const problem = 'docs/operating.md needs a table of the settings, the variable in backticks in its first column';
    if (!existsSync(GUIDE)) throw new Error(problem);
    // The guide has other tables too: a table of settings is one with a setting in it.
    const tables = readFileSync(GUIDE, 'utf8').split(/\n(?!\s*\|)/);
    const documented = tables
      .map((table) => [...table.matchAll(/^\s*\|\s*`([A-Z][A-Z0-9_]+)`\s*\|/gm)].map(([, name = '']) => name))
      .filter((names) => names.some((name) => name in settingFields))
      .flat();
    if (documented.length === 0) throw new Error(problem);
    expect([...documented].sort()).toEqual(Object.keys(settingFields).sort());
  });
});
