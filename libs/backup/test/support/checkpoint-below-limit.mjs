// Folds a WAL in while no file may grow further, and again when they may: `ulimit -f` stands in for a full disk where nobody may mount one.
import { execFileSync } from 'node:child_process';
import { openWriter } from '@mosis/sqlite';
import { checkpoint } from '../../dist/supervisor/checkpoint.js';

const file = process.argv[2];
const writer = openWriter(file, { autoCheckpoint: false });
writer.exec('CREATE TABLE kept (id INTEGER PRIMARY KEY, ballast BLOB)');
const fill = (rows) => {
  const insert = writer.prepare('INSERT INTO kept (ballast) VALUES (randomblob(100000))');
  for (let row = 0; row < rows; row += 1) insert.run();
};
fill(20);
await checkpoint(file);
fill(20);
const refused = await checkpoint(file).then(
  () => null,
  (error) => error.message,
);
const rowsThen = writer.prepare('SELECT count(*) FROM kept').pluck().get();
execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
const { busy } = await checkpoint(file);
const check = writer.pragma('integrity_check', { simple: true });
process.stdout.write(JSON.stringify({ refused, rowsThen, busy, check }));
