import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The release that every behaviour here was tried with; npm's package of it has a version of its own. */
export const LITESTREAM_VERSION = 'v0.3.13';

/** What is missing, and what to do; `configured`: where it should be, without which npm has none for this platform. */
export function describeMissing(configured?: string): string {
  return configured === undefined
    ? `There is no Litestream binary for ${process.platform}-${process.arch}: install Litestream ${LITESTREAM_VERSION} and set LITESTREAM_PATH to it.`
    : `There is no Litestream binary at ${configured}: set LITESTREAM_PATH to Litestream ${LITESTREAM_VERSION}, or leave it out for the one from npm.`;
}

/** There is no Litestream binary, neither where it was said to be nor for the platform: nothing can be replicated or restored. */
export class LitestreamMissingError extends Error {
  constructor(configured?: string) {
    super(`${describeMissing(configured)} Without it nothing is backed up.`);
    this.name = 'LitestreamMissingError';
  }
}

/** Where the Litestream binary is: at `configured` when given, else in the npm package of this platform; or `undefined`. */
export function findLitestream(configured?: string): string | undefined {
  if (configured !== undefined) return isExecutable(configured) ? configured : undefined;
  // The platform's package is a dependency of the wrapper, which is what this library names.
  const require = createRequire(import.meta.url);
  try {
    const wrapper = createRequire(require.resolve('@flydotio/litestream'));
    const manifest = wrapper.resolve(`@flydotio/litestream-${process.platform}-${process.arch}/package.json`);
    const file = join(dirname(manifest), 'litestream');
    return isExecutable(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** The same, for those who cannot do without. @throws LitestreamMissingError */
export function getLitestream(configured?: string): string {
  const file = findLitestream(configured);
  if (file === undefined) throw new LitestreamMissingError(configured);
  return file;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
