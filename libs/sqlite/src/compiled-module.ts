import { fileURLToPath } from 'node:url';

/**
 * The path of a compiled module that a thread or process can start from, named relative to its caller. Tests run the
 * TypeScript sources, which a bare Node cannot start, so a caller under `src/` is answered with the twin under `dist/`.
 */
export function compiledModulePath(callerUrl: string, relative: string): string {
  const path = fileURLToPath(new URL(relative, callerUrl));
  // A compiled caller stays where it is: the checkout itself may lie under a folder called src, as in /usr/src/app.
  return callerUrl.endsWith('.ts') ? path.replace(/([\\/])src([\\/](?!.*[\\/]src[\\/]))/, '$1dist$2') : path;
}
