/**
 * `npm test`: every check there is, and as the last line how many passed and failed. Arguments choose tests as Jest
 * takes them, and leave the static checks out: `npm test -- libs/sqlite`.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentFor } from './lib/node-runtime.mjs';
import { prepare } from './lib/prepare.mjs';
import { capture, spawnForwarding } from './lib/processes.mjs';
import { binaryOf, staticSteps } from './lib/steps.mjs';
import { countJest, summaryLine } from './lib/summary.mjs';
import { elapsed, readJson, root, runMain } from './lib/workspace.mjs';

const chosen = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);

runMain(async () => {
  const steps = [];
  let stopped;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (stopped = signal));

  const preparing = await timed('install and build', async () => {
    try {
      return { node: await prepare(), passed: 1, failed: 0, notes: [] };
    } catch (error) {
      return { passed: 0, failed: 1, notes: [error.message] };
    }
  });
  // Preparing is no check: it counts only when it prevents them.
  if (preparing.failed > 0) return finish([preparing]);
  steps.push({ ...preparing, passed: 0 });

  if (chosen.length === 0) {
    const lanes = [
      staticSteps.filter(({ name }) => name !== 'lint'),
      staticSteps.filter(({ name }) => name === 'lint'),
    ];
    say('\n— static checks');
    const results = await Promise.all(lanes.map((lane) => runStatics(lane, preparing.node, () => stopped)));
    steps.push(...results.flat());
  }
  if (!stopped) steps.push(await timed('tests', () => runJest(preparing.node)));
  if (stopped) steps.push({ name: 'stopped', passed: 0, failed: 1, notes: [`by ${stopped}`], time: '' });
  finish(steps);
});

async function timed(name, work) {
  say(`\n— ${name}`);
  const startedAtMs = performance.now();
  const result = await work();
  const time = elapsed(startedAtMs);
  tellEnd('', result, time);
  return { ...result, name, time };
}

function tellEnd(prefix, { failed, notes }, time) {
  for (const note of notes) say(note.trimEnd());
  say(`  ${prefix}${failed === 0 ? 'ok' : 'FAILED'} (${time})`);
}

/** One after the other; each says how it ended, since another lane speaks meanwhile. */
async function runStatics(lane, node, isStopped) {
  const results = [];
  for (const step of lane) {
    if (isStopped()) break;
    const startedAtMs = performance.now();
    const result = await runStatic(step, node);
    const time = elapsed(startedAtMs);
    tellEnd(`${step.name}: `, result, time);
    results.push({ ...result, name: step.name, time });
  }
  return results;
}

async function runStatic({ tool, args }, node) {
  const options = { cwd: root, env: environmentFor(node) };
  const { code, output } = await capture(node, [binaryOf(root, tool), ...args], options);
  return code === 0 ? { passed: 1, failed: 0, notes: [] } : { passed: 0, failed: 1, notes: [output] };
}

async function runJest(node) {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-test-'));
  try {
    const file = join(folder, 'report.json');
    // As arguments and not in NODE_OPTIONS, which the servers that tests start would inherit.
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = [binaryOf(root, 'jest'), '--ci', '--json', `--outputFile=${file}`, ...chosen];
    const options = { cwd: root, env: environmentFor(node), stdio: ['ignore', 'inherit', 'inherit'] };
    const { code } = await spawnForwarding(node, [...flags, ...jest], options).ended;
    const report = existsSync(file) ? readJson(file) : undefined;
    return countJest({ report, exitCode: code, selected: chosen.length > 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function finish(steps) {
  say('');
  for (const { name, time, failed, passed } of steps) {
    say(
      `${failed === 0 ? '✓' : '✗'} ${name.padEnd(18)} ${time.padStart(8)}  ${passed + failed > 1 ? summaryLine([{ passed, failed }]) : ''}`.trimEnd(),
    );
  }
  process.exitCode = steps.some(({ failed }) => failed > 0) ? 1 : 0;
  say(`\n${summaryLine(steps)}`);
}
