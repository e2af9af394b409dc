import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';

/** `mosis openapi`: the reference as a file, from an application on an empty data directory. */
export function addOpenApiCommand(program: Command): void {
  program
    .command('openapi')
    .description('print the OpenAPI document, or keep the committed one current')
    .option('--write <file>', 'write it there')
    .option('--check <file>', 'fail when the file differs')
    .action(async (options: { write?: string; check?: string }) => {
      const text = await renderOpenApi();
      if (options.write) writeFileSync(options.write, text);
      else if (options.check) {
        if (readFileSync(options.check, 'utf8') === text) return;
        throw new Error(
          `${options.check} is not what the code says. Write it anew: mosis openapi --write ${options.check}`,
        );
      } else process.stdout.write(text);
    });
}

async function renderOpenApi(): Promise<string> {
  const { readSettings } = await import('../../config/settings.js');
  const { buildOpenApi } = await import('../../http/openapi.js');
  const { createHttpApplication } = await import('../../http/http-application.js');
  const { createLogger } = await import('../../http/logger.js');
  const { migrateAll } = await import('../migrate.js');
  const { openParts } = await import('../open-parts.js');
  const dataDir = mkdtempSync(join(tmpdir(), 'mosis-openapi-'));
  try {
    const settings = readSettings({ DATA_DIR: dataDir, LOG_LEVEL: 'silent' });
    migrateAll(settings);
    const app = await createHttpApplication(await openParts(settings), createLogger('silent'));
    try {
      return `${JSON.stringify(buildOpenApi(app), null, 2)}\n`;
    } finally {
      await app.close();
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
