import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { listWorkspaces, readJson } from './workspace.mjs';

/** Files at the root of the repository that a build depends on. */
const sharedInputs = ['package.json', 'package-lock.json', 'nx.json', '.swcrc'];
const notSources = new Set(['node_modules', 'dist', 'test']);

/**
 * Digests what a build reads: every file of every workspace but its tests, and the files they share, by path, size and
 * time of change.
 * @param {string} root the repository
 * @returns {string}
 */
export function digestSources(root) {
  const shared = sharedInputs.map((name) => join(root, name)).filter((file) => existsSync(file));
  const own = listWorkspaces(root).flatMap((folder) => listFiles(join(root, folder), notSources));
  return digest(root, [...shared, ...own]);
}

/**
 * Digests what a build wrote, so that a deleted or changed output is noticed as well.
 * @param {string} root the repository
 * @returns {string}
 */
export function digestOutputs(root) {
  return digest(
    root,
    listWorkspaces(root).flatMap((folder) => listFiles(join(root, folder, 'dist'), new Set())),
  );
}

/**
 * Deletes files in dist/ whose source is gone or is a test, and the folders this empties: the compiler only ever adds.
 * Touches only workspaces that compile src/ to dist/ file by file.
 * @param {string} root the repository
 * @returns {string[]} the deleted files, relative to the repository
 */
export function deleteStaleOutputs(root) {
  const deleted = [];
  for (const folder of listWorkspaces(root)) {
    const { scripts } = readJson(join(root, folder, 'package.json'));
    if (!scripts?.build?.startsWith('swc src -d dist ')) continue;
    const dist = join(root, folder, 'dist');
    for (const file of listFiles(dist, new Set())) {
      if (hasSource(join(root, folder, 'src'), relative(dist, file))) continue;
      rmSync(file);
      deleted.push(relative(root, file));
    }
    deleteEmptyFolders(dist);
  }
  return deleted;
}

function hasSource(src, output) {
  const compiled = output.replace(/\.map$/, '');
  const stem = compiled.replace(/\.js$/, '');
  const sources = stem === compiled ? [compiled] : [`${stem}.ts`, `${stem}.tsx`, compiled];
  return sources.some((source) => !source.endsWith('.spec.ts') && existsSync(join(src, source)));
}

function deleteEmptyFolders(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) deleteEmptyFolders(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

function listFiles(folder, skipped) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : listFiles(path, skipped);
    return entry.isFile() ? [path] : [];
  });
}

function digest(root, files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** The stamp lies outside node_modules, which `npm ci` empties. */
const stampFile = (root) => join(root, '.nx/mosis-build');

/** Where the stamp of the last successful build lies. */
export { stampFile as buildStampFile };

/**
 * Tells whether the last successful build was of these very sources and its outputs are still in place.
 * @param {string} root the repository
 * @returns {boolean}
 */
export function isBuilt(root) {
  if (!existsSync(stampFile(root))) return false;
  return readFileSync(stampFile(root), 'utf8') === formatStamp(digestSources(root), digestOutputs(root));
}

/**
 * Formats the stamp of a build.
 * @param {string} sources digest taken before the build, so that an edit during it is noticed
 * @param {string} outputs digest taken after it
 */
export function formatStamp(sources, outputs) {
  return `sources ${sources}\noutputs ${outputs}\n`;
}
