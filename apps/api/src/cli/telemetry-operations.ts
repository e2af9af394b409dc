import type { INestApplicationContext } from '@nestjs/common';
import { TelemetryEngine } from '@mosis/telemetry';
import { TelemetryStatusService } from '../telemetry/telemetry-status.service.js';
import type { OperationProgress } from './progress.types.js';

/** What the command line asks of telemetry. */
export const TELEMETRY_OPERATIONS = {
  'telemetry.status': async (app: INestApplicationContext, _input: Record<string, never>) =>
    app.get(TelemetryStatusService).report(),
  'telemetry.audit': async (
    app: INestApplicationContext,
    input: { from?: string; to?: string; repair?: boolean },
    onProgress: (progress: OperationProgress) => void,
  ) => {
    let done = 0;
    return app.get(TelemetryEngine).runAudit({ ...input, onProgress: () => onProgress({ done: (done += 1) }) });
  },
  'telemetry.export': async (app: INestApplicationContext, _input: Record<string, never>) => {
    const engine = app.get(TelemetryEngine);
    const { archived } = await engine.runArchive();
    return { archived, ...(await engine.runExport()) };
  },
  'telemetry.purge': async (app: INestApplicationContext, input: { before: string; dryRun: boolean }) =>
    app.get(TelemetryEngine).purgeExports(input),
  'telemetry.query': async (app: INestApplicationContext, input: { sql: string }) =>
    app.get(TelemetryEngine).sql(input.sql),
} as const;
