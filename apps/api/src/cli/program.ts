import { Command } from 'commander';
import { VERSION } from '../common/version.js';

const addAudit = async () => (await import('./commands/audit.command.js')).addAuditCommands;

/** Who adds the commands of each name; loaded when they are asked for. */
const COMMANDS: Record<string, () => Promise<(program: Command) => void>> = {
  serve: async () => (await import('./commands/serve.command.js')).addServeCommand,
  db: async () => (await import('./commands/db.command.js')).addDbCommand,
  doctor: async () => (await import('./commands/doctor.command.js')).addDoctorCommand,
  admin: async () => (await import('./commands/admin.command.js')).addAdminCommand,
  demo: async () => (await import('./commands/demo.command.js')).addDemoCommand,
  package: async () => (await import('./commands/package.command.js')).addPackageCommand,
  audit: addAudit,
  objects: addAudit,
  backup: async () => (await import('./commands/backup.command.js')).addBackupCommand,
  restore: async () => (await import('./commands/restore.command.js')).addRestoreCommand,
  telemetry: async () => (await import('./commands/telemetry.command.js')).addTelemetryCommand,
  openapi: async () => (await import('./commands/openapi.command.js')).addOpenApiCommand,
};

/** The `mosis` command line; with the name of a command only that one, which is there sooner than all of them. */
export async function createProgram(name?: string): Promise<Command> {
  const program = new Command('mosis')
    .description('Mosis Platform: the server behind the app store of Mosis devices')
    .version(VERSION)
    // An option belongs to the command that it stands behind: --at of `restore` is not --at of `restore table`.
    .enablePositionalOptions()
    .showHelpAfterError('(mosis --help lists the commands)');
  const named = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  const wanted = named ? [named] : new Set(Object.values(COMMANDS));
  for (const load of wanted) (await load())(program);
  return program;
}

/** Errors whose message is written for people: what was foreseen needs no stack. */
interface Foreseen extends Error {
  code?: string;
  detail?: string;
  path?: string;
  issues?: { path: PropertyKey[]; message: string }[];
}

/** What a failed command says on standard error. Errors are told apart by name, so that `--help` loads no database. */
export function describeFailure(error: unknown): string {
  const { name, message, code, detail, path, issues } = error as Foreseen;
  if (name === 'ZodError' || issues)
    return (issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n');
  if (name === 'PackageError' || name === 'AppError') return `${code}: ${detail}${path ? ` (${path})` : ''}`;
  if (code === 'EADDRINUSE') return `${message}\nAnother program listens there. Stop it, or set PORT.`;
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code ?? ''))
    return `${message}\nThe file is damaged. "mosis restore" brings it back as it was last backed up: docs/restoring.md.`;
  if (/^SQLITE_(CANTOPEN|READONLY)/.test(code ?? ''))
    return `${message}\n"mosis doctor" says whether it is there, whose it is and who may write to it.`;
  if (code === 'SQLITE_FULL' || code === 'ENOSPC')
    return `${message}\nThe volume is full. Make room on it; "mosis doctor" says how much is free, docs/runbook.md what may go.`;
  if (code === 'EROFS')
    return `${message}\nThe volume is mounted read-only. Mount it for writing, or name another folder.`;
  return message;
}
