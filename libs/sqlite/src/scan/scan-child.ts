/**
 * The process that runs scans: one read-only connection, one query at a time, parameters and rows over the channel.
 * It holds no transaction between queries, so it never keeps the WAL from resetting.
 */
import { openReader, type RawConnection } from '../open.js';

const file = process.argv[2];
if (!file || !process.send) throw new Error('scan-child is started by ScanProcess.');

let connection: RawConnection | undefined;
const statements = new Map<string, ReturnType<RawConnection['prepare']>>();

process.on('message', ({ sql, parameters }: { sql: string; parameters: unknown[] }) => {
  try {
    // Opened here, so that a file that cannot be opened is an answer too.
    connection ??= openReader(file);
    let statement = statements.get(sql);
    if (!statement) {
      if (statements.size >= 200) statements.clear();
      statement = connection.prepare(sql);
      statements.set(sql, statement);
    }
    process.send?.({ rows: statement.all(parameters) });
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    process.send?.({ error: { message, code } });
  }
});

process.on('disconnect', () => process.exit(0));
// A terminal's Ctrl-C reaches the whole group: the parent decides when this process ends.
process.on('SIGINT', () => undefined);
// Everything is loaded: what the queries themselves take begins now.
process.send('ready');
