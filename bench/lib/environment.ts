/** The environment of a process that is no part of the server: nothing of how the server itself is tuned. */
export function plainEnvironment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...more };
}

/** The flags and allocator settings that `npm start` gives the server. */
export const serverFlags = ['--max-semi-space-size=1'];
export const serverAllocator = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '262144' };
