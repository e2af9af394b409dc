import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One migration: its name orders it, its two parts are SQL. */
export interface Migration {
  name: string;
  up: string;
  down: string;
  /** Hex SHA-256 of the `up` part: an applied migration must not change afterwards. */
  checksum: string;
}

const NAME = /^\d{4}_[a-z0-9_]+\.sql$/;
const UP = /^-- migrate:up\s*$/m;
const DOWN = /^-- migrate:down\s*$/m;

/**
 * Reads the migrations of a folder, in order: `0001_name.sql`, with a `-- migrate:up` and a `-- migrate:down` part.
 *
 * @throws when a file has another name or lacks a part: each migration has a way back
 */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      if (!NAME.test(file)) throw new Error(`Migration ${file} must be named like 0001_what_it_does.sql.`);
      return parseMigration(file.replace(/\.sql$/, ''), readFileSync(join(folder, file), 'utf8'));
    });
}

/**
 * Splits the text of one migration into its two parts.
 *
 * @throws when a part is missing or empty, or `down` comes first
 */
export function parseMigration(name: string, text: string): Migration {
  const up = UP.exec(text);
  const down = DOWN.exec(text);
  if (!up || !down || down.index < up.index) {
    throw new Error(`Migration ${name} needs a "-- migrate:up" part followed by a "-- migrate:down" part.`);
  }
  const parts = {
    up: text.slice(up.index + up[0].length, down.index).trim(),
    down: text.slice(down.index + down[0].length).trim(),
  };
  if (!parts.up || !parts.down) throw new Error(`Migration ${name} has an empty part: say how to go both ways.`);
  return { name, ...parts, checksum: createHash('sha256').update(parts.up).digest('hex') };
}
