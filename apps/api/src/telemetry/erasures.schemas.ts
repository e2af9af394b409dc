import { z } from 'zod';

export const eraseSchema = z.strictObject({
  device_id: z.string().min(1).max(128).describe('As the device sends it.'),
});
