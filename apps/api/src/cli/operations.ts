import type { INestApplicationContext } from '@nestjs/common';
import { AccountsService } from '../accounts/accounts.service.js';
import { AuditSegments } from '../audit/audit-segments.js';
import { AuditService, type AuditActor } from '../audit/audit.service.js';
import { BackupsService } from '../backups/backups.service.js';
import { BackupDrillService } from '../backups/backup-drill.service.js';
import { DemoService, type DemoOptions } from '../demo/demo.service.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ObjectsService } from '../objects/objects.service.js';
import { TableRestoreService, type TableRestoreRequest } from '../restores/table-restore.service.js';
import type { OperationProgress } from './progress.types.js';
import { TELEMETRY_OPERATIONS } from './telemetry-operations.js';

/** Who acts when somebody types a command on this machine. */
const COMMAND_LINE: AuditActor = { kind: 'command_line', id: null, credentialId: null, requestId: null };

/** Work that the command line asks for and that only the owner of the data directory may do. */
export const OPERATIONS = {
  'admin.create': async (app: INestApplicationContext, input: { email: string; name: string; password: string }) =>
    app.get(AccountsService).createAdmin(input, COMMAND_LINE),
  'admin.link': async (app: INestApplicationContext, _input: Record<string, never>) => ({
    link: (await app.get(AccountsService).createSetupLink()) ?? null,
  }),
  'demo.load': async (
    app: INestApplicationContext,
    input: DemoOptions,
    onProgress: (progress: OperationProgress) => void,
  ) => app.get(DemoService).load(input, onProgress),
  'audit.verify': async (
    app: INestApplicationContext,
    _input: Record<string, never>,
    onProgress: (progress: OperationProgress) => void,
  ) => settled(app, 'audit.verify', await app.get(AuditService).verify((done) => onProgress({ done }))),
  'audit.archive': async (app: INestApplicationContext, input: { keepDays?: number }) => ({
    moved: await app.get(AuditSegments).moveOld(input.keepDays),
  }),
  'objects.verify': async (
    app: INestApplicationContext,
    _input: Record<string, never>,
    onProgress: (progress: OperationProgress) => void,
  ) => settled(app, 'objects.verify', await app.get(ObjectsService).findDamagedObjects((done) => onProgress({ done }))),
  'backup.status': async (app: INestApplicationContext, _input: Record<string, never>) =>
    app.get(BackupsService).report(),
  'backup.verify': async (
    app: INestApplicationContext,
    input: { all: boolean },
    onProgress: (progress: OperationProgress) => void,
  ) => app.get(BackupDrillService).verify(input, onProgress),
  'restore.rows': async (app: INestApplicationContext, input: TableRestoreRequest) =>
    app.get(TableRestoreService).apply(input, COMMAND_LINE),
  ...TELEMETRY_OPERATIONS,
} as const;

type Operations = typeof OPERATIONS;

/** The name of an operation. */
export type OperationName = keyof Operations;
/** What an operation is given. */
export type OperationInput<Name extends OperationName> = Parameters<Operations[Name]>[1];
/** What an operation answers. */
export type OperationResult<Name extends OperationName> = Awaited<ReturnType<Operations[Name]>>;

/** What was verified by hand is what the health check and the system report know from then on. */
async function settled<Result>(app: INestApplicationContext, kind: string, result: Result): Promise<Result> {
  await app.get(JobsService).settle(kind, result);
  return result;
}

/** Runs an operation by its name. */
export async function runOperation<Name extends OperationName>(
  app: INestApplicationContext,
  name: Name,
  input: OperationInput<Name>,
  onProgress: (progress: OperationProgress) => void,
): Promise<OperationResult<Name>> {
  const operation = OPERATIONS[name] as unknown as (
    app: INestApplicationContext,
    input: OperationInput<Name>,
    onProgress: (progress: OperationProgress) => void,
  ) => Promise<OperationResult<Name>>;
  return operation(app, input, onProgress);
}
