import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureBrowser } from '../lib/browser.mjs';

describe('the browser of the tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-browser-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A folder of programs, one of which says that it is a browser or ends with an error. */
  function programs(name: string, file: string, script: string): string {
    const path = join(folder, name);
    mkdirSync(path);
    writeFileSync(join(path, file), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  it('is the first one on the machine that runs', async () => {
    const broken = programs('broken', 'chromium', 'exit 127');
    const other = programs('other', 'chrome', 'echo "Something else 1.0"');
    const good = programs('good', 'google-chrome', 'echo "Google Chrome 160.0"');
    expect(await ensureBrowser({ path: ['/nowhere', broken, other, good].join(delimiter), cache: folder })).toEqual({
      executable: join(good, 'google-chrome'),
      env: {},
    });
  });
});
