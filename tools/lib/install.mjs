import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { alone } from './claim.mjs';
import { capture } from './processes.mjs';
import { elapsed, readJson, report, ToolError } from './workspace.mjs';

const claims = '.nx/mosis-claims';

/**
 * Makes node_modules hold what package-lock.json names, by `npm ci` when it does not already.
 * @param {string} root the repository
 * @returns {Promise<boolean>} whether something had to be installed
 * @throws {ToolError} with npm's output when it fails
 */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return false;
  return alone(
    join(root, claims, 'install'),
    async () => {
      if (isInstalled(root)) return false;
      await install(root);
      return true;
    },
    () => report('Another process is installing; waiting for it …'),
  );
}

/**
 * Tells whether node_modules holds what package-lock.json names: by the stamp of an earlier answer, else by npm's own
 * record of what it installed, which makes a `npm ci` or `npm install` by hand as good as ours.
 * @param {string} root the repository
 * @returns {boolean}
 */
export function isInstalled(root) {
  const expected = stampOf(root);
  if (expected === undefined) return false;
  const installed = readJson(join(root, 'node_modules/.package-lock.json'));
  // npm records what lies in folders of workspaces with the rest, and they may be gone while the record is there.
  if (!hasWorkspaceFolders(root, installed.packages)) return false;
  if (readStamp(root) === expected) return true;
  const lockfile = readJson(join(root, 'package-lock.json'));
  if (findDisagreements(lockfile.packages, installed.packages).length > 0) return false;
  writeStamp(root);
  return true;
}

/**
 * Lists the packages that the lockfile names and the record of installed ones lacks or has in another version. Optional
 * packages count only when they name this platform; workspaces themselves and extra packages do not count.
 * @param {Record<string, object>} locked `packages` of package-lock.json
 * @param {Record<string, object>} installed `packages` of node_modules/.package-lock.json
 * @param {{ os: string, cpu: string }} [platform]
 * @returns {string[]} their locations
 */
export function findDisagreements(locked, installed, platform = { os: process.platform, cpu: process.arch }) {
  return Object.entries(locked)
    .filter(([location]) => location.includes('node_modules/'))
    .filter(([location, wanted]) => {
      const found = installed[location];
      if (found === undefined) return wanted.optional ? isMeantFor(wanted, platform) : true;
      if (wanted.link) return !found.link || found.resolved !== wanted.resolved;
      return (
        found.version !== wanted.version ||
        (wanted.integrity && found.integrity && found.integrity !== wanted.integrity)
      );
    })
    .map(([location]) => location);
}

/** Whether packages that npm put below a workspace, not into the one node_modules, are where its record says. */
function hasWorkspaceFolders(root, packages) {
  return Object.keys(packages)
    .filter((location) => location.includes('/node_modules/') && !location.startsWith('node_modules/'))
    .every((location) => existsSync(join(root, location)));
}

/** An optional package that says no platform may be missing on any: npm was allowed to fail on it. */
function isMeantFor({ os, cpu, libc }, platform) {
  if (os === undefined && cpu === undefined) return false;
  if (libc !== undefined && platform.os === 'linux' && ![libc].flat().includes(libcName())) return false;
  return admits(os, platform.os) && admits(cpu, platform.cpu);
}

function admits(list, value) {
  if (list === undefined) return true;
  const names = [list].flat();
  if (names.includes(`!${value}`)) return false;
  return names.includes(value) || names.includes('any') || names.every((name) => name.startsWith('!'));
}

function libcName() {
  const { header } = process.report.getReport();
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

const stampFile = (root) => join(root, 'node_modules/.mosis-install');

function readStamp(root) {
  return existsSync(stampFile(root)) ? readFileSync(stampFile(root), 'utf8').trim() : undefined;
}

/** Two digests: what was wanted and what npm recorded, so that a later `npm install` by hand is looked at again. */
function stampOf(root) {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return undefined;
  const lockfile = join(root, 'package-lock.json');
  return [lockfile, record].map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')).join(' ');
}

/** Someone else's node_modules may be read-only to us: the stamp only saves time. */
function writeStamp(root) {
  try {
    writeFileSync(stampFile(root), `${stampOf(root)}\n`);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}

async function install(root) {
  const startedAtMs = performance.now();
  const count = Object.keys(readJson(join(root, 'package-lock.json')).packages).length;
  report(`Installing what package-lock.json names (npm ci, up to ${count} packages) …`);
  const cache = await usableCache(root);
  try {
    // Whatever NODE_ENV or `omit` say, building needs the development and the per-platform packages; and an `npm -s`
    // above us must not silence the reason of a failure.
    const { code, signal, output } = await npm(root, [
      'ci',
      '--loglevel=error',
      '--include=dev',
      '--include=optional',
      ...cache.flags,
    ]);
    if (code !== 0) throw new ToolError(`npm ci failed (${signal ?? `exit code ${code}`}):\n\n${output}`);
  } finally {
    cache.remove();
  }
  writeStamp(root);
  report(`Installed in ${elapsed(startedAtMs)}.`);
}

/** npm fails outright when it cannot write its cache (a service account without a home): it then gets a passing one. */
async function usableCache(root) {
  const { code, stdout } = await npm(root, ['config', 'get', 'cache']);
  if (code !== 0 || isWritable(stdout.trim())) return { flags: [], remove: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'mosis-npm-cache-'));
  return { flags: ['--cache', folder], remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function isWritable(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (!existsSync(at) && dirname(at) !== at) continue;
    try {
      accessSync(at, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }
}

/** The npm that runs us, when one does; else the one on the PATH. */
function npm(root, args) {
  const cli = process.env.npm_execpath;
  const [command, first] = cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
  return capture(command, [...first, ...args], { cwd: root });
}
