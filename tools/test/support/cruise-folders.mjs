/**
 * Cruises several workspaces in one process: `cruise-folders.mjs PATH … -- FOLDER …`. Prints, as JSON, the names of the
 * rules of its own configuration that each folder breaks as an error.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const divide = process.argv.indexOf('--');
const paths = process.argv.slice(2, divide);
const broken = [];
for (const folder of process.argv.slice(divide + 1)) {
  process.chdir(folder);
  const { forbidden, options } = (await import(pathToFileURL(join(folder, '.dependency-cruiser.mjs')).href)).default;
  const { output } = await cruise(
    paths,
    { ...options, ruleSet: { forbidden, options }, validate: true },
    options.enhancedResolveOptions,
    { tsConfig: extractTSConfig(options.tsConfig.fileName) },
  );
  broken.push(output.summary.violations.filter(({ rule }) => rule.severity === 'error').map(({ rule }) => rule.name));
}
process.stdout.write(JSON.stringify(broken));
