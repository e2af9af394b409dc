/** Builds every workspace of an installed checkout; what the image's build calls. */
import { ensureBuilt } from './lib/build.mjs';
import { pinnedNode } from './lib/node-runtime.mjs';
import { root, runMain } from './lib/workspace.mjs';

runMain(async () => {
  await ensureBuilt(root, pinnedNode(root));
});
