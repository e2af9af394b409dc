import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { LogOutput } from './log-output.js';

describe('the output of the log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mosis-log-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const messagesIn = (text: string) =>
    text.split('\n').flatMap((line) => (line ? [(JSON.parse(line) as { msg: string }).msg] : []));

  it('gathers lines, and writes a warning at once with all that came before it', async () => {
    const file = join(folder, 'gathered.log');
    const descriptor = openSync(file, 'w');
    const written = () => messagesIn(readFileSync(file, 'utf8'));
    const logger = pino({ level: 'trace' }, new LogOutput(descriptor));
    logger.info('one');
    logger.debug('two');
    expect(written()).toEqual([]);
    logger.warn('three');
    expect(written()).toEqual(['one', 'two', 'three']);
    logger.info('four');
    expect(written()).toHaveLength(3);
    while (written().length < 4) await setTimeout(5);
    expect(written().at(-1)).toBe('four');
    for (let line = 0; line < 1_000; line += 1) logger.info(`many ${line}`);
    expect(written().length).toBeGreaterThan(4);
    // Nothing may wait for a file that is closed.
    logger.warn('last');
    closeSync(descriptor);
  });

  it('loses nothing when the process exits or fails', () => {
    const module = new URL('../../dist/http/log-output.js', import.meta.url).href;
    const program = (end: string) =>
      `import { LogOutput } from ${JSON.stringify(module)};
       new LogOutput(1).write('{"msg":"last words"}\\n'); ${end}`;
    const run = (end: string) => {
      try {
        return execFileSync(process.execPath, ['--input-type=module', '-e', program(end)], { stdio: 'pipe' });
      } catch (error) {
        return (error as { stdout: Buffer }).stdout;
      }
    };
    for (const end of ['', 'process.exit(3)', 'throw new Error("unforeseen")'])
      expect([end, messagesIn(run(end).toString())]).toEqual([end, ['last words']]);
  });

  it('that cannot be written stops neither the server nor its end', () => {
    const file = join(folder, 'full.mjs');
    writeFileSync(
      file,
      `import { LogOutput } from ${JSON.stringify(new URL('../../dist/http/log-output.js', import.meta.url).href)};
       const output = new LogOutput(1);
       for (let line = 0; line < 3; line += 1) {
         output.lastLevel = line === 2 ? 50 : 30;
         output.write('{"msg":"line"}\\n'.repeat(line === 1 ? 1000 : 1));
         await new Promise((resolve) => setTimeout(resolve, 120));
       }
       output.lastLevel = 30;
       output.write('{"msg":"last words"}\\n');
       process.stderr.write('still there');
       process.exit(0);`,
    );
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [file], {
      stdio: ['ignore', full, 'pipe'],
      timeout: 20_000,
    });
    closeSync(full);
    expect([status, stderr.toString()]).toEqual([0, 'still there']);
  });

  it('writes all that waited once it can be written again', () => {
    const [first, second] = [join(folder, 'gone.log'), join(folder, 'again.log')];
    const file = join(folder, 'again.mjs');
    writeFileSync(
      file,
      `import { closeSync, openSync, readFileSync } from 'node:fs';
       import { LogOutput } from ${JSON.stringify(new URL('../../dist/http/log-output.js', import.meta.url).href)};
       const descriptor = openSync(${JSON.stringify(first)}, 'w');
       const output = new LogOutput(descriptor);
       const write = (level, msg) => { output.lastLevel = level; output.write(JSON.stringify({ msg }) + '\\n'); };
       closeSync(descriptor);
       write(40, 'one');
       // The lowest descriptor that is free is the one that was closed.
       if (openSync(${JSON.stringify(second)}, 'w') !== descriptor) throw new Error('another descriptor');
       write(30, 'two');
       write(40, 'three');
       process.stdout.write(readFileSync(${JSON.stringify(second)}));`,
    );
    const { stdout, stderr } = spawnSync(process.execPath, [file], { timeout: 20_000 });
    expect([messagesIn(stdout.toString()), stderr.toString()]).toEqual([['one', 'two', 'three'], '']);
  });
});
