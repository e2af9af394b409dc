import { Command } from 'commander';
import { ZodError } from 'zod';
import { PackageError } from '@mosis/package';
import { DataDirLockedError, MigrationError } from '@mosis/sqlite';
import { AppError } from '../common/app-error.js';
import { VERSION } from '../common/version.js';
import { SettingsError } from '../config/settings.js';
import { addAdminCommand } from './commands/admin.command.js';
import { addAuditCommands } from './commands/audit.command.js';
import { addDbCommand } from './commands/db.command.js';
import { addDemoCommand } from './commands/demo.command.js';
import { addOpenApiCommand } from './commands/openapi.command.js';
import { addPackageCommand } from './commands/package.command.js';
import { addServeCommand } from './commands/serve.command.js';

/** The `mosis` command line. */
export function createProgram(): Command {
  const program = new Command('mosis')
    .description('Mosis Platform: the server behind the app store of Mosis devices')
    .version(VERSION)
    .showHelpAfterError('(mosis --help lists the commands)');
  addServeCommand(program);
  addDbCommand(program);
  addAdminCommand(program);
  addDemoCommand(program);
  addPackageCommand(program);
  addAuditCommands(program);
  addOpenApiCommand(program);
  return program;
}

/** What a failed command says on standard error: a sentence for what was foreseen, a stack for what was not. */
export function describeFailure(error: unknown): string {
  if (error instanceof ZodError)
    return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n');
  if (error instanceof PackageError) return `${error.code}: ${error.detail}${error.path ? ` (${error.path})` : ''}`;
  if (error instanceof AppError) return `${error.code}: ${error.detail}`;
  const foreseen = [SettingsError, DataDirLockedError, MigrationError].some((type) => error instanceof type);
  const { message, stack, code } = error as Error & { code?: string };
  if (code === 'EADDRINUSE') return `${message}\nAnother program listens there. Stop it, or set PORT.`;
  return foreseen || code !== undefined || error instanceof Error ? message : (stack ?? String(error));
}
