/** `npm start`: installs and builds what has changed, then is a thin step before the server process itself. */
import { join } from 'node:path';
import { prepare } from './lib/prepare.mjs';
import { root, runMain } from './lib/workspace.mjs';
import { runInPlace } from './lib/wrap.mjs';

runMain(async () => {
  const node = await prepare();
  await runInPlace(node, [join(root, 'apps/api/dist/main.js'), 'serve', ...process.argv.slice(2)]);
});
