import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { clientPathsFile } from './vite-plugins/client-paths-file.ts';
import { compressedFiles } from './vite-plugins/compressed-files.ts';

/** Replaced by the server with a new nonce in every answer that is the page. */
const NONCE_PLACEHOLDER = '__MOSIS_CSP_NONCE__';

export default defineConfig({
  base: '/admin/',
  plugins: [react(), clientPathsFile(), compressedFiles()],
  html: { cspNonce: NONCE_PLACEHOLDER },
  build: {
    target: 'es2022',
    // Whatever has light-dark(): rewritten for older ones it would not follow the scheme that a person chooses.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // A data: address would need a hole in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
