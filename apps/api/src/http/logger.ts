import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { LogOutput } from './log-output.js';

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

/** Members that never reach the log, wherever they stand. */
const SECRET_MEMBERS = [
  'password',
  'current_password',
  'new_password',
  'token',
  'key',
  'secret',
  'authorization',
  'cookie',
  'x-api-key',
  'set-cookie',
  'sessionToken',
];
/** What a link of a mail has before its token. */
const LINK_MARK = 'token=';
/** What looks like a secret is masked in every line, whatever member it stands in; a line without the `mark` has none of its kind. */
const SECRETS: { mark: string; pattern: RegExp; mask: string }[] = [
  { mark: 'mk_live_', pattern: /mk_live_[0-9A-Za-z]{8,}/g, mask: 'mk_live_[redacted]' },
  { mark: 'mosis_session=', pattern: /(mosis_session=)[^;\s"\\]+/g, mask: '$1[redacted]' },
  { mark: LINK_MARK, pattern: /([?#&]token=)[^&\s"\\]+/g, mask: '$1[redacted]' },
  { mark: 'PRIVATE KEY-----', pattern: /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^"]*/g, mask: '$1[redacted]' },
  { mark: '://', pattern: /(\b(?:smtps?|https?|s3):\/\/)[^\s/:@"]*:[^\s@"?#]+@/g, mask: '$1[redacted]@' },
];
/** A line that says so keeps its link: on a developer's machine without a mail server the log is the mailbox. */
const KEEP_LINK = '"log.keep_link":true';

/** Masks whatever looks like a secret in a line of the log. */
export function redactLine(line: string): string {
  const keepLink = line.includes(KEEP_LINK);
  return SECRETS.reduce(
    (text, { mark, pattern, mask }) =>
      !text.includes(mark) || (keepLink && mark === LINK_MARK) ? text : text.replace(pattern, mask),
    line,
  );
}

/** The member of a line with its time, RFC 3339 in UTC. Most lines share their second with the one before. */
function createTimestamp(): () => string {
  let second = Number.NaN;
  let text = '';
  return () => {
    const nowMs = Date.now();
    const nowS = Math.floor(nowMs / 1000);
    if (nowS !== second) {
      second = nowS;
      text = new Date(nowS * 1000).toISOString().slice(0, -'000Z'.length);
    }
    return `,"time":"${text}${String(nowMs - nowS * 1000).padStart(3, '0')}Z"`;
  };
}

/** The one log: JSON lines on standard output (or where a test wants them), secrets masked by name and by form. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_MEMBERS.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: '[redacted]' },
      hooks: { streamWrite: redactLine },
    },
    destination ?? new LogOutput(STANDARD_OUTPUT),
  );
}

/** The log of a command: errors alone, on standard error, because standard output is for what was asked for. */
export function createCommandLogger(): Logger {
  return createLogger('error', new LogOutput(STANDARD_ERROR));
}

/**
 * The same log, for lines whose members are ours alone and none of them a secret by its name: looking for those is half of
 * what a line costs. What looks like a secret is masked all the same.
 */
export function withoutSecretMembers(logger: Logger): Logger {
  return logger.child({}, { redact: [] });
}

/** Nest's own lines and ours, in the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    const scope = rest.at(-1);
    // Nest narrates its start at this level: of no use to an operator.
    const quiet =
      typeof scope === 'string' &&
      ['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication'].includes(scope);
    this.write(quiet ? 'trace' : 'info', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: 'error' | 'warn' | 'info' | 'debug' | 'trace', message: unknown, rest: unknown[]): void {
    const scope = rest.at(-1);
    const base = typeof scope === 'string' ? { scope } : {};
    if (message instanceof Error) this.logger[level]({ ...base, err: message }, message.message);
    else if (typeof message === 'object' && message !== null) {
      const { msg, ...members } = message as { msg?: string };
      this.logger[level]({ ...base, ...members }, msg);
    } else this.logger[level](base, String(message));
  }
}
