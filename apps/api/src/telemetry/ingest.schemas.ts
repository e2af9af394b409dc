import { z } from 'zod';

export const heartbeatSchema = z.strictObject({
  app_id: z.string().min(1).max(255),
  device_id: z.string().min(1).max(128),
  session_id: z.uuid(),
  app_version: z.string().min(1).max(50),
});

export const batchAnswerSchema = z
  .object({
    batch_id: z.string(),
    accepted: z.number().int().describe('Events that are stored: on disk when this is answered.'),
    rejected: z
      .array(z.object({ index: z.number().int(), code: z.string(), detail: z.string() }))
      .describe('Events that are not, by their place in the batch.'),
    duplicate: z.boolean().describe('The batch was stored before; this is the answer that it got.'),
    server_time: z.string(),
  })
  .meta({ id: 'TelemetryBatchAnswer' });

export type Heartbeat = z.output<typeof heartbeatSchema>;
export type BatchAnswer = z.output<typeof batchAnswerSchema>;
