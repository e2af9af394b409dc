import { Command } from 'commander';
import { VERSION } from '../common/version.js';
import { addAdminCommand } from './commands/admin.command.js';
import { addAuditCommands } from './commands/audit.command.js';
import { addBackupCommand } from './commands/backup.command.js';
import { addDbCommand } from './commands/db.command.js';
import { addDemoCommand } from './commands/demo.command.js';
import { addDoctorCommand } from './commands/doctor.command.js';
import { addOpenApiCommand } from './commands/openapi.command.js';
import { addPackageCommand } from './commands/package.command.js';
import { addRestoreCommand } from './commands/restore.command.js';
import { addServeCommand } from './commands/serve.command.js';
import { addTelemetryCommand } from './commands/telemetry.command.js';

/** The `mosis` command line. */
export function createProgram(): Command {
  const program = new Command('mosis')
    .description('Mosis Platform: the server behind the app store of Mosis devices')
    .version(VERSION)
    // An option belongs to the command that it stands behind: --at of `restore` is not --at of `restore table`.
    .enablePositionalOptions()
    .showHelpAfterError('(mosis --help lists the commands)');
  addServeCommand(program);
  addDbCommand(program);
  addDoctorCommand(program);
  addAdminCommand(program);
  addDemoCommand(program);
  addPackageCommand(program);
  addAuditCommands(program);
  addBackupCommand(program);
  addRestoreCommand(program);
  addTelemetryCommand(program);
  addOpenApiCommand(program);
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
  return message;
}
