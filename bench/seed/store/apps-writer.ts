import type { Database } from 'better-sqlite3';
import { hashListing, hashSubject } from '../../lib/internals-api.ts';
import { DAY_MS } from '../../lib/internals.ts';
import type { Random } from '../../lib/random.ts';
import { SeededIds } from './ids.ts';
import type { Person } from './people-writer.ts';
import { drawText, drawWord, type KnownApp, type Vocabulary } from './vocabulary.ts';

const CATEGORIES =
  'Games,Productivity,Music,Photography,Navigation,Weather,Reading,Communication,Education,Finance,Health,Development,System,Security,Science,Sports,Travel,Theming,Multimedia,Writing'.split(
    ',',
  );
const CHECKS = ['archive', 'signature', 'manifest', 'secrets', 'images'];
const HOUR_MS = 3_600_000;
/** Shares of all apps: never submitted; newest version waiting for a review; newest version rejected. */
const DRAFTS = 0.03;
const WAITING = 0.02;
const REJECTED = 0.01;
/** No app has more versions. */
const MAX_VERSIONS = 80;

/** An app as the measurements ask for it. */
export interface StoredApp {
  id: string;
  packageId: string;
  versionIds: string[];
}

type Statements = ReturnType<typeof prepare>;

/** What one version is made of. */
interface Submission {
  appId: string;
  owner: Person;
  packageId: string;
  code: number;
  atMs: number;
  revisionId: string;
  listingSha256: string;
  outcome: 'waiting' | 'rejected' | 'published';
}

/** Writes apps the way the server does, step by step, so that every trigger of the schema has agreed to them. */
export class AppsWriter {
  readonly #statements: Statements;
  readonly #ids: SeededIds;
  readonly #random: Random;
  readonly #vocabulary: Vocabulary;
  readonly #people: readonly Person[];
  readonly #startMs: number;
  versions = 0;

  constructor(db: Database, random: Random, vocabulary: Vocabulary, people: readonly Person[], startMs: number) {
    this.#statements = prepare(db);
    this.#ids = new SeededIds(random);
    this.#random = random;
    this.#vocabulary = vocabulary;
    this.#people = people;
    this.#startMs = startMs;
  }

  /** Writes the app of this index, with about `versionsPerApp` versions in the mean. */
  write(index: number, apps: number, versionsPerApp: number): StoredApp {
    const random = this.#random;
    // The first account reviews; of the others, some have far more apps.
    const owner = this.#people[1 + Math.floor(random.next() ** 2 * (this.#people.length - 1))] as Person;
    const createdMs = this.#startMs + Math.floor((index / apps) * 730 * DAY_MS);
    const created = new Date(createdMs).toISOString();
    const { packageId, listing } = this.#draw(index, owner);
    const app: StoredApp = { id: this.#ids.at(createdMs), packageId, versionIds: [] };
    const { name, description, category, tags, developer_name } = listing;
    this.#statements.insertApp.run(
      app.id,
      owner.id,
      packageId,
      name,
      description,
      category,
      tags,
      developer_name,
      created,
      created,
    );
    const fate = random.next();
    if (fate < DRAFTS) return app;
    const listingSha256 = hashListing(listing);
    const revisionId = this.#ids.at(createdMs);
    this.#statements.insertRevision.run(
      revisionId,
      app.id,
      name,
      description,
      category,
      tags,
      developer_name,
      listingSha256,
      created,
    );
    const count = Math.min(MAX_VERSIONS, 1 + Math.floor(-Math.log(1 - random.next()) * (versionsPerApp - 0.5)));
    for (let code = 1; code <= count; code += 1) {
      const isNewest = code === count;
      const outcome =
        isNewest && fate < DRAFTS + WAITING
          ? 'waiting'
          : isNewest && fate < DRAFTS + WAITING + REJECTED
            ? 'rejected'
            : 'published';
      const atMs = createdMs + code * 20 * HOUR_MS;
      app.versionIds.push(
        this.#submit({ appId: app.id, owner, packageId, code, atMs, revisionId, listingSha256, outcome }),
      );
    }
    return app;
  }

  #draw(index: number, owner: Person) {
    const random = this.#random;
    const vocabulary = this.#vocabulary;
    const known: KnownApp | undefined = vocabulary.apps[index];
    const tags = Array.from({ length: random.below(6) }, () => drawWord(vocabulary, random));
    const name =
      known?.name ?? capitalise(drawText(vocabulary, random, 1 + random.below(3)).slice(0, 40)) + (index % 7 || '');
    return {
      packageId: known?.packageId ?? `org.${drawAscii(vocabulary, random)}.app${index}`,
      listing: {
        name: name.slice(0, 50),
        description: known?.description ?? drawText(vocabulary, random, 20 + Math.floor(random.next() ** 2 * 200)),
        category: (known?.categories[0] ?? random.unequal(CATEGORIES)).slice(0, 50),
        tags: JSON.stringify([...new Set(tags)]),
        icon_sha256: null,
        developer_name: owner.name,
      },
    };
  }

  #submit({ appId, owner, packageId, code, atMs, revisionId, listingSha256, outcome }: Submission): string {
    const random = this.#random;
    const statements = this.#statements;
    const at = new Date(atMs).toISOString();
    const id = this.#ids.at(atMs);
    const reviewId = this.#ids.at(atMs);
    const digest = random.hex(32);
    const subject = hashSubject(digest, listingSha256);
    const size = 40_000 + random.below(40_000_000);
    const versionName = `1.${code >> 3}.${code & 7}`;
    const manifest = JSON.stringify({ package_id: packageId, version_code: code, version_name: versionName });
    statements.insertVersion.run(
      id,
      appId,
      code,
      versionName,
      `/v1/store/packages/${digest}`,
      size,
      digest,
      random.hex(64),
      owner.signingKeyId,
      drawText(this.#vocabulary, random, 4 + random.below(20)),
      manifest,
      JSON.stringify([{ path: 'manifest.json', size_bytes: manifest.length, sha256: digest }]),
      at,
      at,
    );
    for (const name of CHECKS) statements.insertCheck.run(this.#ids.at(atMs), id, digest, name, at, at);
    const due = new Date(atMs + 3 * DAY_MS).toISOString();
    statements.insertReview.run(reviewId, appId, id, revisionId, subject, owner.id, at, due);
    statements.submit.run(subject, at, at, id);
    this.versions += 1;
    if (outcome === 'waiting') return id;
    const decided = new Date(atMs + HOUR_MS).toISOString();
    const reviewer = (this.#people[0] as Person).id;
    const isRejected = outcome === 'rejected';
    statements.decide.run(
      isRejected ? 'rejected' : 'approved',
      reviewer,
      isRejected ? 'It does not start.' : null,
      decided,
      reviewId,
    );
    statements.setStatus.run(isRejected ? 'rejected' : 'approved', decided, id);
    if (isRejected) return id;
    const published = new Date(atMs + 2 * HOUR_MS).toISOString();
    statements.publish.run(published, published, id);
    if (code === 1) {
      statements.goLive.run(revisionId);
      statements.publishApp.run(published, published, revisionId, owner.signingKeyId, published, appId);
    } else {
      statements.noteVersion.run(published, published, appId);
    }
    return id;
  }
}

function prepare(db: Database) {
  return {
    insertApp: db.prepare(
      `INSERT INTO apps (id, developer_id, package_id, name, description, category, tags, developer_name, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertRevision: db.prepare(
      `INSERT INTO app_revisions (id, app_id, state, name, description, category, tags, developer_name, listing_sha256, created_at)
       VALUES (?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?)`,
    ),
    insertVersion: db.prepare(
      `INSERT INTO app_versions (id, app_id, version_code, version_name, package_url, package_size, package_sha256, signature,
         signing_key_id, min_mosis_version, permissions, release_notes, manifest, files, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '1.0.0', '["storage"]', ?, ?, ?, ?, ?)`,
    ),
    insertCheck: db.prepare(
      `INSERT INTO check_results (id, version_id, package_sha256, name, required, run, status, started_at, finished_at)
       VALUES (?, ?, ?, ?, 1, 1, 'passed', ?, ?)`,
    ),
    insertReview: db.prepare(
      `INSERT INTO reviews (id, kind, app_id, version_id, revision_id, subject_sha256, reasons, submitted_by, submitted_at, due_at)
       VALUES (?, 'version', ?, ?, ?, ?, '[{"code":"every-version","detail":""}]', ?, ?, ?)`,
    ),
    submit: db.prepare(
      `UPDATE app_versions SET status = 'review', subject_sha256 = ?, submitted_at = ?, updated_at = ? WHERE id = ?`,
    ),
    decide: db.prepare(`UPDATE reviews SET decision = ?, reviewer_id = ?, notes = ?, decided_at = ? WHERE id = ?`),
    setStatus: db.prepare(`UPDATE app_versions SET status = ?, updated_at = ? WHERE id = ?`),
    publish: db.prepare(`UPDATE app_versions SET status = 'published', published_at = ?, updated_at = ? WHERE id = ?`),
    goLive: db.prepare(`UPDATE app_revisions SET state = 'live' WHERE id = ?`),
    publishApp: db.prepare(
      `UPDATE apps SET status = 'published', first_published_at = ?, last_published_at = ?, live_revision_id = ?,
         bound_signing_key_id = ?, updated_at = ? WHERE id = ?`,
    ),
    noteVersion: db.prepare(`UPDATE apps SET last_published_at = ?, updated_at = ? WHERE id = ?`),
  };
}

function drawAscii(vocabulary: Vocabulary, random: Random): string {
  const word = drawWord(vocabulary, random).replace(/[^a-z]/g, '');
  return word === '' ? 'app' : word;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
