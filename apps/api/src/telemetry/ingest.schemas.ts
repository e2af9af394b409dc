import { z } from 'zod';

/** One line of text, as a batch may say it. */
const line = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine(
      (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
      'holds a control character or half a surrogate pair',
    );

export const heartbeatSchema = z.strictObject({
  app_id: line(255),
  device_id: line(128),
  // In a batch any version of UUID is one, as devices make their own.
  session_id: z.guid(),
  app_version: line(50),
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
