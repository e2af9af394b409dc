import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BackupLocation } from '@mosis/backup';
import { z } from 'zod';

const flag = z
  .enum(['on', 'off', 'true', 'false', '1', '0'])
  .transform((value) => value === 'on' || value === 'true' || value === '1');

const httpUrl = z.string().refine(isHttpUrl, 'must be an http:// or https:// address without user, query or fragment');
const storeUrl = z
  .string()
  .regex(/^(file:\/\/\/.+|s3:\/\/[a-z0-9.-]+(\/.*)?)$/, 'must look like file:///path or s3://bucket/prefix');

/**
 * Every setting, once: its variable, its form, its default, and what it is for. The table in the operator's guide is
 * held against this list by a test.
 */
export const settingFields = {
  HOST: z.string().default('127.0.0.1').describe('Address to listen on. `0.0.0.0` for every interface.'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('Port to listen on.'),
  DATA_DIR: z.string().default('./data').describe('Folder that holds everything. One process owns it at a time.'),
  ALLOW_NETWORK_FILE_SYSTEM: flag
    .default(false)
    .describe('`on` lets DATA_DIR lie on NFS or SMB, where databases get damaged.'),
  PUBLIC_URL: httpUrl
    .optional()
    .describe(
      'How people and devices reach this server; mails and package links start with it. https makes cookies Secure.',
    ),
  TRUST_PROXY: listOf(isNetwork, 'is neither an IP address nor a network like 10.0.0.0/8').describe(
    'Comma-separated addresses or networks of reverse proxies whose X-Forwarded-For is believed.',
  ),
  CORS_ORIGINS: listOf(isOrigin, 'is no origin like https://console.example.com').describe(
    'Comma-separated origins that may call the API with credentials.',
  ),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Least severe line that is logged.'),
  NODE_ENV: z
    .enum(['development', 'production', 'test'])
    .default('development')
    .describe('In `development` links from mails are logged as well.'),
  ADMIN_EMAIL: z.email().optional().describe('With ADMIN_PASSWORD: creates this verified admin when there is none.'),
  ADMIN_PASSWORD: z.string().min(8).max(256).optional().describe('See ADMIN_EMAIL.'),
  SMTP_URL: z
    .string()
    .refine(isSmtpUrl, 'must be an smtp:// or smtps:// address with a host')
    .optional()
    .describe('Mail server, as smtp://user:password@host:port. Without it mails are files in DATA_DIR/outbox.'),
  MAIL_FROM: z
    .string()
    .regex(
      /^[\x20-\x7e]*<[^\s<>@]+@[^\s<>@]+>$|^[\x21-\x3b\x3d\x3f\x41-\x7e]+@[\x21-\x3b\x3d\x3f\x41-\x7e]+$/,
      'must be an address, or ASCII text and the address in <>',
    )
    .default('Mosis Platform <no-reply@localhost>')
    .describe('Sender of mails.'),
  OBJECT_STORE_URL: storeUrl
    .optional()
    .describe('Where packages and icons live: file:///path or s3://bucket/prefix. Default: DATA_DIR/objects.'),
  S3_ENDPOINT: httpUrl.optional().describe('Endpoint of an S3-compatible store; without it, Amazon’s.'),
  S3_REGION: z.string().default('us-east-1').describe('Region of the bucket.'),
  S3_ACCESS_KEY_ID: z.string().optional().describe('Credentials of the object store.'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('Credentials of the object store.'),
  BACKUP_URL: storeUrl
    .optional()
    .describe(
      'Where backups go: file:///path (best a volume of its own) or s3://bucket/prefix. Default: DATA_DIR/backups.',
    ),
  BACKUP_S3_ENDPOINT: httpUrl
    .optional()
    .describe('Endpoint of the S3-compatible store for backups; without it, Amazon’s.'),
  BACKUP_S3_REGION: z.string().default('us-east-1').describe('Region of the bucket for backups.'),
  BACKUP_S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe('Credentials of the backups; give them rights on nothing else, and those of the objects none here.'),
  BACKUP_S3_SECRET_ACCESS_KEY: z.string().optional().describe('See BACKUP_S3_ACCESS_KEY_ID.'),
  BACKUP_RETENTION_DAYS: count(1, 365, 7).describe(
    'Days of the past that core.db stays restorable; telemetry.db the same, but three at most.',
  ),
  LITESTREAM_PATH: z.string().optional().describe('The Litestream binary, where npm has none for the platform.'),
  RATE_LIMITS: flag.default(true).describe('`off` for benchmarks only.'),
  ALLOW_SELF_REVIEW: flag
    .default(false)
    .describe('`on` lets a reviewer decide on apps of their own; each such decision is marked and audited.'),
  REVIEW_DUE_HOURS: z.coerce
    .number()
    .int()
    .min(1)
    .max(8760)
    .default(72)
    .describe('Hours after which a submission counts as overdue.'),
  PACKAGE_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .default(100 * 1024 * 1024)
    .describe('Largest package, packed.'),
  PACKAGE_MAX_UNPACKED_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .default(500 * 1024 * 1024)
    .describe('Largest package, unpacked.'),
  PACKAGE_MAX_ENTRIES: z.coerce.number().int().min(1).default(10_000).describe('Most entries in a package.'),
  DRAFTS_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .default(5 * 1024 * 1024 * 1024)
    .describe('Bytes that packages of one developer may have together while they are drafts or in review.'),
  TELEMETRY_RAW_DAYS: count(8, 3650, 90).describe('Days that raw events are kept, by their receipt.'),
  TELEMETRY_EXPORT: flag.default(true).describe('`off` keeps the daily aggregates out of the object store.'),
  TELEMETRY_EXPORT_RAW: flag
    .default(false)
    .describe(
      '`on` puts the raw events of each closed day into the object store as well; needs `TELEMETRY_EXPORT=on`.',
    ),
  TELEMETRY_DAILY_EVENTS_PER_APP: count(1, 1e12, 20_000_000).describe('Most events that an app may send in a day.'),
  TELEMETRY_NEW_DEVICES_PER_APP_DAY: count(1, 1e9, 1_000_000).describe(
    'Most devices never seen before that an app may bring in a day.',
  ),
  TELEMETRY_BOT_EVENTS_PER_DAY: count(1, 1e9, 20_000).describe('Events in a day from which a device counts as a bot.'),
  TELEMETRY_BOT_INTERACTIONS_PER_DAY: count(1, 1e9, 3_000).describe(
    'Interactions in a day from which a device counts as a bot.',
  ),
  TELEMETRY_BOT_ACTIVE_HOURS: count(1, 25, 20).describe(
    'Hours of a day with an interaction from which a device counts as a bot; 25 is never.',
  ),
  TELEMETRY_MIN_FREE_MB: count(64, 1e9, 512).describe(
    'Free MiB below which uploads are refused, of telemetry and of packages.',
  ),
  TELEMETRY_COMMIT_DELAY_MS: count(0, 1000, 20).describe(
    'Longest time that an upload waits for others to share its commit, in milliseconds.',
  ),
  TELEMETRY_ANALYTICS_MEMORY_MB: count(128, 65_536, 256).describe('MiB that a query over raw events may use.'),
} as const;

const settingsSchema = z.object(settingFields);

/** What settings demand of each other; looked at even when some of them are wrong, so that every problem is listed. */
function findContradictions(given: Record<string, string | undefined>): string[] {
  const problems: string[] = [];
  const together = (one: string, other: string) => {
    if ((given[one] === undefined) !== (given[other] === undefined))
      problems.push(`${given[one] === undefined ? one : other}: ${one} and ${other} go together: set both or neither`);
  };
  together('ADMIN_EMAIL', 'ADMIN_PASSWORD');
  together('S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY');
  together('BACKUP_S3_ACCESS_KEY_ID', 'BACKUP_S3_SECRET_ACCESS_KEY');
  if (given.BACKUP_URL?.startsWith('s3://') && !given.BACKUP_S3_ACCESS_KEY_ID && !given.BACKUP_S3_SECRET_ACCESS_KEY)
    problems.push('BACKUP_S3_ACCESS_KEY_ID: is needed with an s3:// BACKUP_URL');
  if (given.OBJECT_STORE_URL?.startsWith('s3://') && !given.S3_ACCESS_KEY_ID && !given.S3_SECRET_ACCESS_KEY)
    problems.push('S3_ACCESS_KEY_ID: is needed with an s3:// OBJECT_STORE_URL');
  if (flag.safeParse(given.TELEMETRY_EXPORT).data === false && flag.safeParse(given.TELEMETRY_EXPORT_RAW).data === true)
    problems.push('TELEMETRY_EXPORT_RAW: nothing is exported with TELEMETRY_EXPORT=off: switch both off, or both on');
  return problems;
}

/** The settings of a run, validated; paths are absolute. */
export interface Settings {
  host: string;
  port: number;
  dataDir: string;
  allowNetworkFileSystem: boolean;
  publicUrl: string;
  secureCookies: boolean;
  trustProxy: string[];
  corsOrigins: string[];
  logLevel: string;
  environment: 'development' | 'production' | 'test';
  admin: { email: string; password: string } | undefined;
  smtpUrl: string | undefined;
  mailFrom: string;
  objectStoreUrl: string;
  s3: { endpoint?: string; region: string; accessKeyId?: string; secretAccessKey?: string };
  backup: BackupSettings;
  rateLimits: boolean;
  allowSelfReview: boolean;
  reviewDueHours: number;
  packageLimits: { packedBytes: number; unpackedBytes: number; entries: number };
  /** Bytes that packages of one developer may have together while they are drafts or in review. */
  draftsMaxBytes: number;
  telemetry: TelemetrySettings;
}

/** What of the settings is about backups. */
export interface BackupSettings {
  location: BackupLocation;
  /** Days of the past that stay restorable. */
  retentionDays: number;
  /** The Litestream binary, where it is not npm's. */
  litestreamPath: string | undefined;
}

/** What of the settings is about telemetry. */
export interface TelemetrySettings {
  rawDays: number;
  exportAggregates: boolean;
  exportRaw: boolean;
  eventsPerAppDay: number;
  newDevicesPerAppDay: number;
  bots: { eventsPerDay: number; interactionsPerDay: number; activeHours: number };
  minFreeBytes: number;
  gatherMs: number;
  analyticsMemoryMb: number;
}

/** Settings that cannot be used, every problem listed. */
export class SettingsError extends Error {
  constructor(readonly problems: string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'SettingsError';
  }
}

/**
 * Reads the settings from environment variables; an empty variable counts as unset.
 *
 * @throws SettingsError with every problem at once
 */
export function readSettings(environment: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = settingsSchema.safeParse(given, { error: sayWhatFits });
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...findContradictions(given),
  ];
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);
  const values = parsed.data;
  const dataDir = resolve(values.DATA_DIR);
  const publicUrl = (values.PUBLIC_URL ?? `http://${publicHost(values.HOST)}:${values.PORT}`).replace(/\/+$/, '');
  return {
    host: values.HOST,
    port: values.PORT,
    dataDir,
    allowNetworkFileSystem: values.ALLOW_NETWORK_FILE_SYSTEM,
    publicUrl,
    secureCookies: publicUrl.startsWith('https://'),
    trustProxy: splitList(values.TRUST_PROXY),
    corsOrigins: splitList(values.CORS_ORIGINS),
    logLevel: values.LOG_LEVEL,
    environment: values.NODE_ENV,
    admin:
      values.ADMIN_EMAIL && values.ADMIN_PASSWORD
        ? { email: values.ADMIN_EMAIL, password: values.ADMIN_PASSWORD }
        : undefined,
    smtpUrl: values.SMTP_URL,
    mailFrom: values.MAIL_FROM,
    objectStoreUrl: values.OBJECT_STORE_URL ?? pathToFileURL(join(dataDir, 'objects')).href,
    s3: {
      region: values.S3_REGION,
      ...(values.S3_ENDPOINT ? { endpoint: values.S3_ENDPOINT } : {}),
      ...(values.S3_ACCESS_KEY_ID ? { accessKeyId: values.S3_ACCESS_KEY_ID } : {}),
      ...(values.S3_SECRET_ACCESS_KEY ? { secretAccessKey: values.S3_SECRET_ACCESS_KEY } : {}),
    },
    backup: backupSettings(values, dataDir),
    rateLimits: values.RATE_LIMITS,
    allowSelfReview: values.ALLOW_SELF_REVIEW,
    reviewDueHours: values.REVIEW_DUE_HOURS,
    packageLimits: {
      packedBytes: values.PACKAGE_MAX_BYTES,
      unpackedBytes: values.PACKAGE_MAX_UNPACKED_BYTES,
      entries: values.PACKAGE_MAX_ENTRIES,
    },
    draftsMaxBytes: values.DRAFTS_MAX_BYTES,
    telemetry: telemetrySettings(values),
  };
}

function backupSettings(values: z.output<typeof settingsSchema>, dataDir: string): BackupSettings {
  return {
    location: {
      url: values.BACKUP_URL ?? pathToFileURL(join(dataDir, 'backups')).href,
      s3: {
        region: values.BACKUP_S3_REGION,
        ...(values.BACKUP_S3_ENDPOINT ? { endpoint: values.BACKUP_S3_ENDPOINT, forcePathStyle: true } : {}),
        ...(values.BACKUP_S3_ACCESS_KEY_ID ? { accessKeyId: values.BACKUP_S3_ACCESS_KEY_ID } : {}),
        ...(values.BACKUP_S3_SECRET_ACCESS_KEY ? { secretAccessKey: values.BACKUP_S3_SECRET_ACCESS_KEY } : {}),
      },
    },
    retentionDays: values.BACKUP_RETENTION_DAYS,
    litestreamPath: values.LITESTREAM_PATH,
  };
}

function telemetrySettings(values: z.output<typeof settingsSchema>): TelemetrySettings {
  return {
    rawDays: values.TELEMETRY_RAW_DAYS,
    exportAggregates: values.TELEMETRY_EXPORT,
    exportRaw: values.TELEMETRY_EXPORT_RAW,
    eventsPerAppDay: values.TELEMETRY_DAILY_EVENTS_PER_APP,
    newDevicesPerAppDay: values.TELEMETRY_NEW_DEVICES_PER_APP_DAY,
    bots: {
      eventsPerDay: values.TELEMETRY_BOT_EVENTS_PER_DAY,
      interactionsPerDay: values.TELEMETRY_BOT_INTERACTIONS_PER_DAY,
      activeHours: values.TELEMETRY_BOT_ACTIVE_HOURS,
    },
    minFreeBytes: values.TELEMETRY_MIN_FREE_MB * 1024 * 1024,
    gatherMs: values.TELEMETRY_COMMIT_DELAY_MS,
    analyticsMemoryMb: values.TELEMETRY_ANALYTICS_MEMORY_MB,
  };
}

/** The settings of this process: the one place that looks at the environment. */
export function readProcessSettings(): Settings {
  return readSettings(process.env);
}

function splitList(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What a setting must be, for whoever sets it; those with words of their own are not asked about. */
function sayWhatFits(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'number' || issue.expected === 'int' ? 'must be a whole number' : undefined;
    case 'too_small':
      return issue.origin === 'string'
        ? `must have at least ${issue.minimum} characters`
        : `must be ${issue.minimum} or more`;
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be ${issue.maximum} or less`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'invalid_format':
      return issue.format === 'email' ? 'must be an e-mail address' : undefined;
    default:
      return undefined;
  }
}

/** A whole number. */
function count(min: number, max: number, standard: number) {
  return z.coerce.number().int().min(min).max(max).default(standard);
}

function publicHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}

function listOf(fits: (part: string) => boolean, complaint: string) {
  return z
    .string()
    .superRefine((value, context) => {
      for (const part of splitList(value)) {
        if (!fits(part)) context.addIssue({ code: 'custom', message: `"${part}" ${complaint}` });
      }
    })
    .optional();
}

function parseUrl(text: string): URL | undefined {
  return /^\S+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}

function isHttpUrl(text: string): boolean {
  const url = parseUrl(text);
  return url !== undefined && /^https?:\/\//.test(text) && url.username + url.password === '' && !/[?#]/.test(text);
}

function isSmtpUrl(text: string): boolean {
  const url = parseUrl(text);
  return url !== undefined && /^smtps?:\/\//.test(text) && url.hostname !== '';
}

function isOrigin(text: string): boolean {
  return isHttpUrl(text) && new URL(text).origin === text;
}

function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) > 0 && Number(prefix) <= (family === 4 ? 32 : 128);
}
