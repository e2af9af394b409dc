// Compares a table while SQLite can make no temporary file: the folder that it was given for them takes none.
import { compareTable } from '../../dist/restore/compare-table.js';

const [, , then, now, scratch] = process.argv;
const { missing, changed, added } = compareTable({
  then,
  now,
  table: 'kept',
  where: 'id IS NOT NULL',
  limit: 3,
  scratch,
  rowsFile: `${scratch}/rows.db`,
});
process.stdout.write(JSON.stringify({ missing, changed, added }));
