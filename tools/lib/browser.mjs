import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { alone } from './claim.mjs';
import { capture } from './processes.mjs';
import { report, ToolError } from './workspace.mjs';

/** A Chromium for Linux on x64 with the libraries that it needs, inside an npm package: no rights and no system package needed. */
const carrier = {
  name: '@sparticuz/chromium',
  version: '153.0.0',
  integrity: 'sha512-jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
};
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/snap/bin/chromium',
];

/**
 * Finds a Chromium or Chrome for the browser tests, or brings one: what the machine has; else the one of an earlier run;
 * else one out of an npm package (Linux on x64, into the user's cache); else, as root on Debian, the package `chromium`.
 * @param {{ path?: string, cache?: string }} [options] where to look for programs, and where to keep what is brought
 * @returns {Promise<{ executable: string, env: Record<string, string> }>} `env` is what it needs beside the environment
 * @throws {ToolError} when there is none to be had, with what to do about it
 */
export async function ensureBrowser({ path = process.env.PATH ?? '', cache = cacheFolder() } = {}) {
  const installed = await findInstalled(path);
  if (installed) return { executable: installed, env: {} };
  const tried = [];
  for (const bring of [bringFromNpm, bringFromDebian]) {
    const { browser, problem } = await bring(cache, path).catch((error) => ({ problem: error.message }));
    if (browser) return browser;
    tried.push(problem);
  }
  throw new ToolError(
    `The browser tests need a Chromium or Chrome, and none could be had:\n  ${tried.join('\n  ')}\n` +
      `Install one (on Debian: apt-get install chromium) and run the tests again.`,
  );
}

async function findInstalled(path) {
  const candidates = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((name) => join(folder, name)));
  for (const file of [...candidates, ...elsewhere]) {
    // There, and able to run: a broken one is worse than none.
    if (isExecutable(file) && (await runs(file, {}))) return file;
  }
  return undefined;
}

async function bringFromNpm(cache) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { problem: `no npm package carries one for ${process.platform}-${process.arch}` };
  }
  const folder = join(cache, `chromium-${carrier.version}`);
  const browser = {
    executable: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_PATH: folder },
  };
  mkdirSync(cache, { recursive: true });
  return alone(
    join(cache, 'claims'),
    async () => {
      if (!existsSync(folder)) {
        report(`Bringing a Chromium for the browser tests (${carrier.name} ${carrier.version}, 70 MB) …`);
        const problem = await unpackCarrier(cache, folder);
        if (problem) return { problem };
      }
      if (await runs(browser.executable, browser.env)) return { browser };
      return { problem: `the one out of ${carrier.name} does not run on this system` };
    },
    () => report('Another process is bringing a Chromium; waiting for it …'),
  );
}

/** Answers what went wrong, or nothing. The folder appears when it is whole. */
async function unpackCarrier(cache, folder) {
  const work = `${folder}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    const packed = await capture(
      'npm',
      ['pack', '--silent', '--ignore-scripts', `${carrier.name}@${carrier.version}`],
      {
        cwd: work,
      },
    );
    if (packed.code !== 0) return `npm did not get ${carrier.name}: ${lastLine(packed.output)}`;
    const archive = join(work, packed.stdout.trim().split('\n').at(-1) ?? '');
    const integrity = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (integrity !== carrier.integrity)
      return `what npm got for ${carrier.name} is not what is expected (${integrity})`;
    const unpacked = await capture('tar', ['-xzf', archive, '-C', work]);
    if (unpacked.code !== 0) return `tar: ${lastLine(unpacked.output)}`;
    const bin = join(work, 'package/bin');
    const inflate = (name, to) => writeFileSync(to, brotliDecompressSync(readFileSync(join(bin, name))));
    const whole = join(work, 'whole');
    mkdirSync(whole);
    inflate('chromium.br', join(whole, 'chromium'));
    chmodSync(join(whole, 'chromium'), 0o755);
    for (const name of ['al2023', 'fonts']) {
      inflate(`${name}.tar.br`, join(work, `${name}.tar`));
      const { code, output } = await capture('tar', ['-xf', join(work, `${name}.tar`), '-C', whole]);
      if (code !== 0) return `tar: ${lastLine(output)}`;
    }
    // The one in the package names folders of the service that it is made for; without a font Chromium ends at the first letter.
    writeFileSync(join(whole, 'fonts.conf'), fontsConfiguration(folder));
    renameSync(whole, folder);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function fontsConfiguration(folder) {
  const folders = [`<dir>${folder}/fonts</dir>`, `<cachedir>${folder}/fonts-cache</cachedir>`];
  return `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>${folders.join('')}</fontconfig>\n`;
}

async function bringFromDebian(_cache, path) {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) return { problem: 'there is no apt-get' };
  if (process.getuid?.() !== 0) return { problem: 'apt-get install needs root' };
  report('Installing the package chromium for the browser tests (apt-get) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-y', '-q', '--no-install-recommends', 'chromium'],
  ]) {
    const { code, output } = await capture('apt-get', args, { env });
    if (code !== 0) return { problem: `apt-get ${args[0]}: ${lastLine(output)}` };
  }
  const executable = await findInstalled(path);
  return executable
    ? { browser: { executable, env: {} } }
    : { problem: 'apt-get installed chromium, and it does not run' };
}

async function runs(file, env) {
  const { code, stdout } = await capture(file, ['--version'], { env: { ...process.env, ...env } });
  return code === 0 && /chrom/i.test(stdout);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mosis-platform');
}

const lastLine = (text) => text.trim().split('\n').at(-1) ?? '';
