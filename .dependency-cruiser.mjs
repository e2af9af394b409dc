/**
 * The module boundaries of the workspace, checked by `npm run boundaries` and in `npm test`. tools/test/boundaries.spec.ts
 * shows that each rule can fail. What imports alone cannot show (`process.env`, queries outside repositories) is in
 * eslint.config.mjs.
 */

/** Which other libraries a library may import. One that is not listed may import none. */
const librariesOf = {
  db: ['sqlite'],
  telemetry: ['sqlite', 'object-store'],
  backup: ['sqlite', 'object-store'],
};

/** Folders of the API that every feature builds on; all their files are open to all. */
const infrastructure = ['common', 'config', 'access', 'database', 'audit', 'jobs', 'mail', 'limits', 'idempotency'];

/** The files of a feature that others may import; a token names what its module provides. */
const openFiles = '\\.(service|module|schemas|types|token)\\.ts$';

const tests = '(?:\\.spec\\.ts$|/test/)';
const api = '^apps/api/src/';
const databaseWiring = `${api}((platform|database)/.*\\.database|.*/core-[^/]+)\\.ts$`;

const alternatives = (names) => `(?:${names.join('|')})`;

/** One rule per library that may import others, and one for all the rest. */
function libraryRules() {
  const listed = Object.keys(librariesOf);
  const rule = (from, own, allowed) => ({
    name: 'libs-import-only-allowed-libs',
    comment: 'A library stands alone but for what librariesOf in .dependency-cruiser.mjs grants it.',
    severity: 'error',
    from: { path: from, pathNot: tests },
    to: { path: '^libs/', pathNot: `^libs/${alternatives([own, ...allowed])}/` },
  });
  return [
    rule(`^libs/(?!${alternatives(listed)}/)([^/]+)/`, '$1', []),
    ...listed.map((name) => rule(`^libs/${name}/`, name, librariesOf[name])),
  ];
}

export default {
  forbidden: [
    {
      name: 'libs-never-import-apps',
      comment: 'Dependencies point from applications to libraries, in tests too.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    ...libraryRules(),
    {
      name: 'workspaces-meet-by-package-name',
      comment: 'Another workspace is imported by its package name, which leads to what it exports, never by a path.',
      severity: 'error',
      from: { path: '^((?:apps|libs)/[^/]+)/', pathNot: tests },
      to: { path: '^(apps|libs)/', pathNot: '^$1/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'controllers-import-no-repository',
      comment: 'A controller is HTTP only: rules and transactions are the business of services.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.repository\\.ts$' },
    },
    {
      name: 'controllers-import-no-database',
      comment: 'Types such as `Role` may be imported as types; a handle would let a controller query.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: {
        path: ['^libs/(db|sqlite)/', '(^|/)node_modules/(kysely|better-sqlite3)/', `${api}database/`],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'controllers-import-only-services-and-schemas',
      comment:
        'Beside those, what plugs into HTTP: common, config, access, limits, idempotency, and decorators, guards and the like.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: {
        path: api,
        pathNot: [
          `${api}(common|config|access|limits|idempotency)/`,
          '\\.(service|schemas|types|decorator|guard|pipe|interceptor|filter|repository)\\.ts$',
          `${api}database/`,
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'repositories-import-no-service-or-controller',
      comment: 'Dependencies point one way: controller, service, repository, database.',
      severity: 'error',
      from: { path: '\\.repository\\.ts$' },
      to: { path: '\\.(service|controller)\\.ts$' },
    },
    {
      name: 'services-import-no-controller',
      comment: 'Dependencies point one way: controller, service, repository, database.',
      severity: 'error',
      from: { path: '\\.service\\.ts$' },
      to: { path: '\\.controller\\.ts$' },
    },
    {
      name: 'features-meet-through-services',
      comment: 'A feature reaches another only through its service (or its module, schemas and types).',
      severity: 'error',
      // The command line is where everything is put together, so it may reach everything.
      from: { path: `${api}([^/]+)/`, pathNot: [tests, `${api}cli/`] },
      to: { path: `${api}[^/]+/`, pathNot: [`${api}${alternatives(['$1', ...infrastructure])}/`, openFiles] },
    },
    {
      name: 'only-repositories-query',
      comment: 'A repository holds all SQL of its feature, so Kysely is imported nowhere else in the API.',
      severity: 'error',
      from: { path: api, pathNot: [tests, '\\.repository\\.ts$', databaseWiring] },
      to: { path: '(^|/)node_modules/kysely/' },
    },
    {
      name: 'no-cycles',
      comment: 'Modules that need each other cannot be understood, tested or loaded one at a time. Types may.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports this file and it imports nothing: it is dead, or not wired up.',
      severity: 'error',
      // Assets are loaded by a browser, which no import shows.
      from: { orphan: true, pathNot: [tests, '(^|/)(main|index)\\.tsx?$', '\\.d\\.ts$', '/assets/'] },
      to: {},
    },
    {
      name: 'shipped-code-imports-no-tests',
      comment: 'Tests are not built.',
      severity: 'error',
      from: { pathNot: tests },
      to: { path: tests, pathNot: '(^|/)node_modules/' },
    },
    {
      name: 'imports-resolve',
      comment: 'The imported file or package does not exist, or the package does not export this path.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'dependencies-are-declared',
      comment: 'A workspace names what it imports in its own package.json; being installed for another is luck.',
      severity: 'error',
      from: { pathNot: tests },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'shipped-code-needs-no-dev-dependencies',
      comment: 'An image holds dependencies only. Types are gone by then, and the console is bundled by then.',
      severity: 'error',
      from: { path: '/src/', pathNot: [tests, '^apps/admin/'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(apps|libs)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
