import { rmSync, writeFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageKey } from '@mosis/object-store';
import type { TestPlatform } from './platform.js';

/** Runs direct SQL on the platform's file, as somebody who holds it would. */
export function sql(platform: TestPlatform, statement: string, ...values: unknown[]): void {
  platform.db.rawWriter.prepare(statement).run(...values);
}

/** Reads by direct SQL. */
export function rows<Row = Record<string, unknown>>(
  platform: TestPlatform,
  statement: string,
  ...values: unknown[]
): Row[] {
  return platform.db.rawWriter.prepare(statement).all(...values) as Row[];
}

/** One value by direct SQL. */
export function scalar<Value = number>(platform: TestPlatform, statement: string, ...values: unknown[]): Value {
  return platform.db.rawWriter
    .prepare(statement)
    .pluck()
    .get(...values) as Value;
}

/** Runs SQL with all triggers of a table taken away meanwhile: what is left is what the application itself checks. */
export function sqlPastTriggers(platform: TestPlatform, table: string, statement: string, ...values: unknown[]): void {
  const triggers = rows<{ name: string; sql: string }>(
    platform,
    `SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?`,
    table,
  );
  const writer = platform.db.rawWriter;
  for (const { name } of triggers) writer.exec(`DROP TRIGGER ${name}`);
  try {
    sql(platform, statement, ...values);
  } finally {
    for (const trigger of triggers) writer.exec(trigger.sql);
  }
}

/** Where a package lies in the directory store. */
export function packageFile(platform: TestPlatform, sha256: string): string {
  return join(platform.settings.dataDir, 'objects', packageKey(sha256));
}

/** Puts other bytes where a package lies, or takes it away; answers how to put it back. */
export function swapPackage(platform: TestPlatform, sha256: string, bytes: Buffer | null): () => void {
  const file = packageFile(platform, sha256);
  const original = readFileSync(file);
  rmSync(file);
  if (bytes) writeFileSync(file, bytes);
  return () => {
    rmSync(file, { force: true });
    writeFileSync(file, original);
  };
}

/** Everything that an upload could leave behind: rows, objects, files. */
export function inventory(platform: TestPlatform): Record<string, unknown> {
  const files = readdirSync(platform.settings.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(platform.settings.dataDir.length + 1))
    .filter((name) => name.startsWith('objects/') || name.startsWith('tmp/'))
    .sort();
  const count = (table: string) => scalar(platform, `SELECT COUNT(*) FROM ${table}`);
  return {
    files,
    versions: count('app_versions'),
    checks: count('check_results'),
    revisions: count('app_revisions'),
    pending: count('pending_objects'),
    running: scalar(platform, `SELECT COUNT(*) FROM idempotency_keys WHERE state = 'running'`),
  };
}

/** How many audit rows there are. */
export function countAudit(platform: TestPlatform): number {
  return scalar(platform, 'SELECT COUNT(*) FROM audit_logs');
}
