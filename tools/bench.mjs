/** `npm run bench -- <name>`: measures telemetry against its targets, installed and built first when something has changed. */
import { join } from 'node:path';
import { prepare } from './lib/prepare.mjs';
import { root, runMain } from './lib/workspace.mjs';
import { runInPlace } from './lib/wrap.mjs';

runMain(async () => {
  const node = await prepare();
  await runInPlace(node, [join(root, 'bench/main.ts'), ...process.argv.slice(2)]);
});
