import { readMemorySettings } from '../../tools/lib/memory-settings.mjs';

/** The environment of a process that is no part of the server: nothing of how the server itself is tuned. */
export function plainEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...more };
}

/** The flags and allocator settings that `npm start` gives the server. */
export const { nodeFlags: serverFlags, environment: serverAllocator } = readMemorySettings();
