import { fileURLToPath } from 'node:url';

/**
 * The path of a compiled module that a thread or process can start from, named relative to its caller. Tests run the
 * TypeScript sources, which a bare Node cannot start, so a path under `src/` is answered with its twin under `dist/`.
 */
export function compiledModulePath(callerUrl: string, relative: string): string {
  return fileURLToPath(new URL(relative, callerUrl)).replace(/([\\/])src([\\/](?!.*[\\/]src[\\/]))/, '$1dist$2');
}
