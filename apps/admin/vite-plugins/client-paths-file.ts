import type { Plugin } from 'vite';
import { CLIENT_PATHS } from '../src/paths.ts';

/** Writes which paths the console knows beside the page, for the server to tell them from what does not exist. */
export function clientPathsFile(): Plugin {
  return {
    name: 'mosis-client-paths',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'client-paths.json', source: JSON.stringify(CLIENT_PATHS) });
    },
  };
}
