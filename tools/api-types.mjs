/** `npm run api-types`: writes the console's types anew from the committed OpenAPI document. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeApiTypes } from './lib/api-types.mjs';
import { readJson, report, root, runMain } from './lib/workspace.mjs';

runMain(async () => {
  const file = 'apps/admin/src/api/schema.ts';
  writeFileSync(join(root, file), writeApiTypes(readJson(join(root, 'apps/api/openapi.json'))));
  report(`Wrote ${file}.`);
});
