import { spawnSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binaryOf, staticSteps } from '../lib/steps.mjs';
import { root } from '../lib/workspace.mjs';
import { makeFolder, removeFolders, writeFiles } from './support/folders.js';

/** A workspace in small that keeps every rule. */
const clean = {
  'package.json': { type: 'module', workspaces: ['apps/*', 'libs/*'] },
  'libs/sqlite/package.json': { name: '@mosis/sqlite', type: 'module' },
  'libs/sqlite/src/index.ts': `export { open } from './open.js';\n`,
  'libs/sqlite/src/open.ts': `export const open = (): number => 1;\n`,
  'libs/db/package.json': { name: '@mosis/db', type: 'module', dependencies: { '@mosis/sqlite': '*' } },
  'libs/db/src/index.ts': `import { open } from '@mosis/sqlite';\nexport const db = open();\nexport type Role = 'admin';\n`,
  'libs/package/package.json': { name: '@mosis/package', type: 'module', devDependencies: { 'fast-check': '*' } },
  'libs/package/src/index.ts': `export const verify = (): boolean => true;\n`,
  'apps/api/package.json': {
    name: '@mosis/api',
    type: 'module',
    dependencies: { '@mosis/db': '*', '@mosis/package': '*', kysely: '*' },
  },
  'apps/api/src/main.ts': `import { port } from './config/settings.js';\nimport { apps } from './apps/apps.controller.js';\nimport { reviews } from './reviews/reviews.service.js';\nexport const all = [port, apps, reviews];\n`,
  'apps/api/src/config/settings.ts': `export const port = process.env['PORT'];\n`,
  'apps/api/src/common/app-error.ts': `export class AppError extends Error {}\n`,
  'apps/api/src/apps/apps.controller.ts': `import type { Role } from '@mosis/db';\nimport { AppError } from '../common/app-error.js';\nimport { list } from './apps.service.js';\nexport const role: Role = 'admin';\nexport const apps = [list(), AppError];\n`,
  'apps/api/src/apps/apps.service.ts': `import { verify } from '@mosis/package';\nimport { rows } from './apps.repository.js';\nexport const list = (): unknown => [rows(), verify()];\n`,
  'apps/api/src/apps/apps.repository.ts': `import { db } from '@mosis/db';\nimport { sql } from 'kysely';\nexport const rows = (): unknown => [db, sql];\n`,
  'apps/api/src/reviews/reviews.service.ts': `import { list } from '../apps/apps.service.js';\nexport const reviews = list();\n`,
};

const importing = (path: string) => `import * as planted from '${path}';\nexport const planted_ = planted;\n`;

/** The rule, and files that break it. */
const violations: [rule: string, what: string, files: Record<string, string>][] = [
  [
    'libs-never-import-apps',
    'a library imports the application',
    {
      'libs/package/src/index.ts': importing('../../../apps/api/src/common/app-error.js'),
    },
  ],
  [
    'libs-never-import-apps',
    'a test of a library imports the application',
    {
      'libs/package/test/index.spec.ts': importing('../../../apps/api/src/common/app-error.js'),
    },
  ],
  [
    'libs-import-only-allowed-libs',
    'a library imports one it may not',
    {
      'libs/package/src/index.ts': importing('@mosis/sqlite'),
    },
  ],
  [
    'libs-import-only-allowed-libs',
    'the database library imports another than sqlite',
    {
      'libs/db/src/index.ts': importing('@mosis/package'),
    },
  ],
  [
    'workspaces-meet-by-package-name',
    'the application reaches into a library',
    {
      'apps/api/src/apps/apps.repository.ts': importing('../../../../libs/sqlite/src/open.js'),
    },
  ],
  [
    'imports-resolve',
    'a package is imported by a path it does not export',
    {
      'apps/api/src/apps/apps.repository.ts': importing('@mosis/sqlite/src/open.js'),
    },
  ],
  [
    'controllers-import-no-repository',
    'a controller imports a repository',
    {
      'apps/api/src/apps/apps.controller.ts': importing('./apps.repository.js'),
    },
  ],
  [
    'controllers-import-no-database',
    'a controller imports the database',
    {
      'apps/api/src/apps/apps.controller.ts': importing('@mosis/db'),
    },
  ],
  [
    'controllers-import-only-services-and-schemas',
    'a controller imports something else of its feature',
    {
      'apps/api/src/apps/apps.controller.ts': importing('./apps.rules.js'),
      'apps/api/src/apps/apps.rules.ts': 'export const rule = 1;\n',
    },
  ],
  [
    'repositories-import-no-service-or-controller',
    'a repository imports a service',
    {
      'apps/api/src/apps/apps.repository.ts': importing('../reviews/reviews.service.js'),
    },
  ],
  [
    'services-import-no-controller',
    'a service imports a controller',
    {
      'apps/api/src/reviews/reviews.service.ts': importing('../apps/apps.controller.js'),
    },
  ],
  [
    'features-meet-through-services',
    "a feature imports another feature's repository",
    {
      'apps/api/src/reviews/reviews.service.ts': importing('../apps/apps.repository.js'),
    },
  ],
  [
    'only-repositories-query',
    'a service imports Kysely',
    {
      'apps/api/src/apps/apps.service.ts': importing('kysely'),
    },
  ],
  [
    'no-cycles',
    'two files import each other',
    {
      'apps/api/src/common/app-error.ts': importing('./other.js'),
      'apps/api/src/common/other.ts': importing('./app-error.js'),
    },
  ],
  ['no-orphans', 'a file stands alone', { 'apps/api/src/common/forgotten.ts': 'export const forgotten = 1;\n' }],
  [
    'shipped-code-imports-no-tests',
    'code imports a test',
    {
      'apps/api/src/common/app-error.ts': importing('./app-error.spec.js'),
      'apps/api/src/common/app-error.spec.ts': 'export const fixture = 1;\n',
    },
  ],
  [
    'dependencies-are-declared',
    'a workspace imports what only another declares',
    {
      'libs/package/src/index.ts': importing('kysely'),
    },
  ],
  [
    'shipped-code-needs-no-dev-dependencies',
    'code imports a development dependency',
    { 'libs/package/src/index.ts': importing('fast-check') },
  ],
];

function makeWorkspace(planted: Record<string, string> = {}): string {
  const folder = makeFolder();
  for (const name of ['.dependency-cruiser.mjs', 'eslint.config.mjs', 'tsconfig.json']) {
    cpSync(join(root, name), join(folder, name));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFiles(folder, { ...clean, ...planted });
  return folder;
}

/** Runs a static step of `npm test` in a folder. */
function check(step: 'lint' | 'boundaries', folder: string): { code: number | null; output: string } {
  const { tool, args } = staticSteps.find(({ name }) => name === step)!;
  const { status, stdout, stderr } = spawnSync(process.execPath, [binaryOf(root, tool), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, output: stdout + stderr };
}

/** The rules that each folder breaks, found in one process: starting one a folder takes a second each. */
function findBrokenRules(folders: string[]): string[][] {
  const { args } = staticSteps.find(({ name }) => name === 'boundaries')!;
  const script = fileURLToPath(new URL('./support/cruise-folders.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script, ...args.slice(2), '--', ...folders], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as string[][];
}

afterAll(removeFolders);

describe('the check of module boundaries', () => {
  // A clean one last: nothing of a folder before may stick to it.
  const broken = findBrokenRules([...violations.map(([, , files]) => makeWorkspace(files)), makeWorkspace()]);

  it('passes a workspace that keeps every rule', () => {
    expect(check('boundaries', makeWorkspace())).toMatchObject({
      code: 0,
      output: expect.stringContaining('no dependency violations'),
    });
  });

  it('fails a workspace that breaks one, and names it', () => {
    const [rule, , files] = violations[0]!;
    const { code, output } = check('boundaries', makeWorkspace(files));
    expect(output).toContain(`error ${rule}:`);
    expect(code).not.toBe(0);
  });

  it.each(violations.map(([rule, what], index) => [rule, what, index] as const))(
    'finds %s when %s',
    (rule, _, index) => {
      expect(broken[index]).toContain(rule);
    },
  );

  it('finds nothing in the clean workspace after all those', () => {
    expect(broken.at(-1)).toEqual([]);
  });

  it('has a violation planted for every rule', async () => {
    const { default: config } = (await import(join(root, '.dependency-cruiser.mjs'))) as {
      default: { forbidden: { name: string }[] };
    };
    const planted = new Set(violations.map(([rule]) => rule));
    const missing = config.forbidden.map(({ name }) => name).filter((name) => !planted.has(name));
    expect(missing).toEqual([]);
  });
});

describe('the lint of what imports do not show', () => {
  it('passes a workspace that keeps the rules', () => {
    expect(check('lint', makeWorkspace())).toEqual({ code: 0, output: '' });
  });

  it('fails when something else than the configuration reads the environment, and when a service queries', () => {
    const folder = makeWorkspace({
      'libs/package/src/index.ts': `export const verify = (): boolean => process.env['X'] === '1';\n`,
      'libs/package/src/imported.ts': `import { env } from 'node:process';\nexport const x = env['X'];\n`,
      'libs/package/src/unpacked.ts': `export const { env } = process;\n`,
      'apps/api/src/reviews/reviews.service.ts': `interface Handle {\n  selectFrom(table: string): unknown;\n}\nexport const reviews = (db: Handle): unknown => db.selectFrom('reviews');\n`,
    });
    const { code, output } = check('lint', folder);
    expect(code).toBe(1);
    expect(output.match(/no-restricted-\w+/g)).toEqual([
      'no-restricted-syntax',
      'no-restricted-imports',
      'no-restricted-properties',
      'no-restricted-properties',
    ]);
  });
});
