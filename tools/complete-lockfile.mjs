/** Adds to package-lock.json the packages of other platforms that the registry in reach did not serve. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addMissingOptionals } from './lib/lockfile.mjs';
import { report, root, runMain } from './lib/workspace.mjs';

runMain(async () => {
  const file = join(root, 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(file, 'utf8'));
  const added = addMissingOptionals(lockfile);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lockfile, null, 2)}\n`);
  report(added.length === 0 ? 'The lockfile is complete.' : `Added ${added.length}:\n  ${added.join('\n  ')}`);
});
