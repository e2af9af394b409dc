/** `npm run mosis -- <command>`: the command line of the server, installed and built first when something has changed. */
import { join } from 'node:path';
import { prepare } from './lib/prepare.mjs';
import { root, runMain } from './lib/workspace.mjs';
import { runInPlace } from './lib/wrap.mjs';

runMain(async () => {
  const node = await prepare();
  await runInPlace(node, [join(root, 'apps/api/dist/main.js'), ...process.argv.slice(2)]);
});
