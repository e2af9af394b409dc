/** Reads package-lock.json: which optional packages it forgot, and how to name them. */

const knownOs = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const knownCpu = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/**
 * Lists optional dependencies that a package in the lockfile names and the lockfile has no entry for. `npm ci` refuses
 * such a lockfile. They appear when `npm install` ran against a registry that does not serve every platform's package.
 * @param {{ packages: Record<string, { optionalDependencies?: Record<string, string>, dev?: boolean }> }} lockfile
 * @returns {{ name: string, version: string, requiredBy: string, dev: boolean }[]}
 */
export function findMissingOptionals(lockfile) {
  const missing = [];
  for (const [location, entry] of Object.entries(lockfile.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!resolves(lockfile.packages, location, name)) {
        missing.push({ name, version, requiredBy: location, dev: entry.dev === true });
      }
    }
  }
  return missing;
}

/**
 * Adds an entry for every missing optional dependency whose name says its platform, so that `npm ci` accepts the
 * lockfile and skips the package elsewhere. The entries carry no integrity: the packages were out of reach.
 * @param {Parameters<typeof findMissingOptionals>[0]} lockfile changed in place
 * @returns {string[]} the names added
 * @throws {Error} when a name says no platform, or its version is not exact
 */
export function addMissingOptionals(lockfile) {
  const missing = findMissingOptionals(lockfile);
  for (const { name, version, dev } of missing) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) throw new Error(`${name}: "${version}" is not an exact version`);
    lockfile.packages[`node_modules/${name}`] = {
      version,
      ...(dev ? { dev: true } : {}),
      ...platformOf(name),
      optional: true,
    };
  }
  const [root, ...rest] = Object.entries(lockfile.packages);
  rest.sort(([a], [b]) => a.localeCompare(b, 'en'));
  lockfile.packages = Object.fromEntries([root, ...rest]);
  return missing.map(({ name }) => name);
}

/** Follows Node's lookup: the nearest node_modules at or above the package that asks. */
function resolves(packages, location, name) {
  for (let at = location; ;) {
    if (`${at === '' ? '' : `${at}/`}node_modules/${name}` in packages) return true;
    if (at === '') return false;
    const parent = at.lastIndexOf('/node_modules/');
    at = parent === -1 ? '' : at.slice(0, parent);
  }
}

function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const os = knownOs.find((one) => words.includes(one));
  const cpu = knownCpu.find((one) => words.includes(one));
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not say its platform`);
  const musl = words.some((word) => word.startsWith('musl'));
  const gnu = words.some((word) => word.startsWith('gnu') || word === 'glibc');
  const libc = os !== 'linux' ? {} : musl ? { libc: ['musl'] } : gnu ? { libc: ['glibc'] } : {};
  return { cpu: [cpu], ...libc, os: [os] };
}
