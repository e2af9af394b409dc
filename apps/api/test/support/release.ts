import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** A migration of a later release: its way there and its way back. */
export interface LaterMigration {
  up: string;
  down: string;
}

/** The program as a later release would be: the same compiled code, and more migrations of core.db. */
export class LaterRelease {
  readonly path = mkdtempSync(join(tmpdir(), 'mosis-release-'));
  /** What `node` runs. */
  readonly main = join(this.path, 'apps/api/dist/main.js');

  constructor(migrations: Record<string, LaterMigration>) {
    for (const part of ['assets', 'openapi.json']) this.#copy(`apps/api/${part}`);
    for (const workspace of ['apps/api', ...readdirSync(join(ROOT, 'libs')).map((library) => `libs/${library}`)])
      for (const part of ['dist', 'package.json']) this.#copy(`${workspace}/${part}`);
    cpSync(join(ROOT, 'migrations'), join(this.path, 'migrations'), { recursive: true });
    for (const [name, migration] of Object.entries(migrations)) this.write(name, migration);
    this.#linkPackages();
  }

  /** Adds a migration of core.db or replaces it. */
  write(name: string, { up, down }: LaterMigration): void {
    const text = `-- migrate:up\n${up}\n\n-- migrate:down\n${down}\n`;
    writeFileSync(join(this.path, 'migrations/core', `${name}.sql`), text);
  }

  /** Removes it. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  #copy(path: string): void {
    cpSync(join(ROOT, path), join(this.path, path), { recursive: true });
  }

  /** Packages are those of the repository; our own libraries are the copies, so that they find these migrations. */
  #linkPackages(): void {
    const packages = join(this.path, 'node_modules');
    mkdirSync(join(packages, '@mosis'), { recursive: true });
    for (const name of readdirSync(join(ROOT, 'node_modules')))
      if (name !== '@mosis') symlinkSync(join(ROOT, 'node_modules', name), join(packages, name));
    for (const name of readdirSync(join(ROOT, 'node_modules/@mosis'))) {
      const copy = join(this.path, 'libs', name);
      symlinkSync(existsSync(copy) ? copy : join(ROOT, 'node_modules/@mosis', name), join(packages, '@mosis', name));
    }
  }
}
