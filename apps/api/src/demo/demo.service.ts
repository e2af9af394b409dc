import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import { PackageError } from '@mosis/package';
import type { Actor } from '../access/actor.js';
import { createAppSchema } from '../apps/apps.schemas.js';
import { AppsService } from '../apps/apps.service.js';
import { AppError } from '../common/app-error.js';
import { toValidationError } from '../common/validation.pipe.js';
import { RequestLimits } from '../limits/request-limits.js';
import { ReviewDeskService } from '../review-desk/review-desk.service.js';
import { UploadsService } from '../versions/uploads.service.js';
import type { VersionResource } from '../versions/versions.schemas.js';
import { VersionsService } from '../versions/versions.service.js';
import { readCatalogue, toSemver, type CatalogueApp } from './catalogue.js';
import { DemoCast, type DemoAuthor } from './demo-cast.js';
import { DemoDevices } from './demo-devices.js';
import { buildDemoPackage } from './demo-package.js';
import { DemoTally, type DemoProgress, type DemoSummary } from './demo-report.js';

/** How a catalogue is loaded. */
export interface DemoOptions {
  file: string;
  /** Versions per app, the newest ones; 1 when absent. */
  versions?: number;
  /** Stops after this many apps. */
  limit?: number;
}

/** An app of the catalogue whose row and author are there. */
interface Entry {
  app: CatalogueApp;
  name: string;
  author: DemoAuthor;
  codes: Map<number, VersionResource['status']>;
}

/** While one app waits for the disk, another can be packed. */
const APPS_AT_A_TIME = 4;
/** Enough for charts; each has some dozen devices. */
const APPS_WITH_DEVICES = 3;
const MAX_NAME = 50;
const MAX_DESCRIPTION = 10_000;
const MAX_TAG = 30;

/**
 * Replays a catalogue through the services that the HTTP API uses: a developer per author, real signed packages, submit,
 * approve, publish. What is there already is passed over, so a load that was stopped goes on where it was.
 */
@Injectable()
export class DemoService {
  constructor(
    private readonly cast: DemoCast,
    private readonly apps: AppsService,
    private readonly uploads: UploadsService,
    private readonly versions: VersionsService,
    private readonly desk: ReviewDeskService,
    private readonly devices: DemoDevices,
    private readonly limits: RequestLimits,
  ) {}

  /** @throws when the file cannot be read; refusals of single apps and versions are counted instead */
  async load(options: DemoOptions, onProgress: (progress: DemoProgress) => void): Promise<DemoSummary> {
    return this.limits.runUnlimited(() => this.loadAll(options, onProgress));
  }

  private async loadAll(options: DemoOptions, onProgress: (progress: DemoProgress) => void): Promise<DemoSummary> {
    const startedAt = performance.now();
    const tally = new DemoTally();
    let total = 0;
    for await (const _app of readCatalogue(options.file, () => undefined)) total += 1;
    total = Math.min(total, options.limit ?? total);
    const reviewer = await this.cast.getReviewer();
    let taken = 0;
    let done = 0;
    onProgress({ done, total });
    const entries: Entry[] = [];
    const underWay = new Set<Promise<void>>();
    for await (const app of readCatalogue(options.file, () => tally.count('refused_apps', 'line-unreadable'))) {
      if (options.limit !== undefined && taken >= options.limit) break;
      taken += 1;
      // Whose app it is depends on the order of the catalogue, so that is settled one app after the other.
      const entry = await this.enter(app, reviewer, tally);
      if (entry && entries.length < APPS_WITH_DEVICES) entries.push(entry);
      const work = (entry ? this.loadVersions(entry, options.versions ?? 1, reviewer, tally) : Promise.resolve()).then(
        () => {
          done += 1;
          onProgress({ done, total });
        },
      );
      const tracked = work.finally(() => underWay.delete(tracked));
      underWay.add(tracked);
      if (underWay.size >= APPS_AT_A_TIME) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    for (const { app, author } of entries) {
      const versions = app.versions.slice(-3).map(([code, name]) => toSemver(String(name), code).version);
      if (versions.length > 0)
        tally.summary.telemetry_events += await this.devices.send(author.actor, {
          packageId: app.package_id,
          versions,
        });
    }
    tally.summary.seconds = (performance.now() - startedAt) / 1000;
    return tally.summary;
  }

  /** Finds or registers the author and the app; `undefined` when the app was refused. */
  private async enter(app: CatalogueApp, reviewer: Actor, tally: DemoTally): Promise<Entry | undefined> {
    const name = fitName(app, tally);
    const authorName = app.author_name?.trim().slice(0, 100) || 'Unknown author';
    const author = await this.cast.getAuthor(authorName, reviewer, () => (tally.summary.developers += 1));
    const codes = await this.ensureApp(app, name, author.actor, tally);
    return codes && { app, name, author, codes };
  }

  private async loadVersions(
    { app, name, author, codes }: Entry,
    versionCount: number,
    reviewer: Actor,
    tally: DemoTally,
  ): Promise<void> {
    const chosen = app.versions.slice(-versionCount);
    for (const [index, [code, versionName]] of chosen.entries()) {
      const goal = index === chosen.length - 1 ? (app.newest ?? 'published') : 'published';
      const existing = codes.get(code);
      if (existing === 'published' || existing === goal) {
        tally.summary.already_there += 1;
        continue;
      }
      try {
        const { version, rule } = toSemver(String(versionName), code);
        const uploaded = existing ?? (await this.upload(app, author, { code, name: version }, name)).status;
        if (!existing) {
          tally.summary.versions += 1;
          tally.summary.version_names[rule === 'as-is' ? 'as_is' : rule === 'padded' ? 'padded' : 'stand_in'] += 1;
        }
        await this.advance(app.package_id, String(code), uploaded, goal, author.actor, reviewer);
        tally.summary[goal === 'published' ? 'published' : 'waiting'] += 1;
      } catch (error) {
        tally.count('refused_versions', refusalCode(error));
      }
    }
  }

  /** Creates the app when it is new; answers its versions so far, or `undefined` when it was refused. */
  private async ensureApp(
    app: CatalogueApp,
    name: string,
    actor: Actor,
    tally: DemoTally,
  ): Promise<Map<number, VersionResource['status']> | undefined> {
    try {
      const page = await this.versions.list(actor, app.package_id, { limit: 100 });
      return new Map(page.items.map((version) => [version.version_code, version.status]));
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'not-found')) throw error;
    }
    try {
      const categories = (app.categories ?? []).map(String);
      const input = createAppSchema.safeParse({
        package_id: app.package_id,
        name,
        description: fitDescription(app, tally),
        category: (categories[0] ?? '').slice(0, 50),
        tags: categories.map((category) => category.slice(0, MAX_TAG)).slice(0, 10),
      });
      if (!input.success) throw toValidationError(input.error.issues);
      await this.apps.create(actor, input.data);
      tally.summary.apps += 1;
      return new Map();
    } catch (error) {
      tally.count('refused_apps', refusalCode(error));
      return undefined;
    }
  }

  private async upload(
    app: CatalogueApp,
    author: { actor: Actor; privateKeyPem: string },
    version: { code: number; name: string },
    name: string,
  ): Promise<VersionResource> {
    const bytes = await buildDemoPackage(app, version, name, author.privateKeyPem);
    const answer = await this.uploads.upload(author.actor, app.package_id, {
      body: Readable.from([bytes]),
      declaredBytes: bytes.length,
    });
    return answer.version;
  }

  /** Takes a version from where it is to where it shall be, each step by whom it belongs to. */
  private async advance(
    packageId: string,
    code: string,
    from: VersionResource['status'],
    goal: 'published' | 'review' | 'approved' | 'draft',
    author: Actor,
    reviewer: Actor,
  ): Promise<void> {
    let status = from;
    if (status === 'draft' && goal !== 'draft') ({ status } = await this.versions.submit(author, packageId, code));
    if (status === 'review' && goal !== 'review') {
      await this.desk.decide(reviewer, await this.desk.getOpenReviewId(packageId), { decision: 'approve', notes: '' });
      status = 'approved';
    }
    if (status === 'approved' && goal === 'published') await this.versions.publish(author, packageId, code);
  }
}

function fitName(app: CatalogueApp, tally: DemoTally): string {
  const name =
    (app.name ?? '').normalize('NFC').replaceAll(/\s+/g, ' ').trim() ||
    (app.package_id.split('.').at(-1) ?? app.package_id);
  const characters = [...name];
  if (name.length <= MAX_NAME) return name;
  tally.count('changed', 'name-shortened');
  return characters
    .slice(0, MAX_NAME / 2)
    .join('')
    .trim();
}

function fitDescription(app: CatalogueApp, tally: DemoTally): string {
  const text = [app.summary, app.description]
    .map((part) => (part ?? '').trim())
    .filter((part) => part !== '')
    .join('\n\n');
  if (text.length <= MAX_DESCRIPTION) return text;
  tally.count('changed', 'description-shortened');
  return text.slice(0, MAX_DESCRIPTION - 1).toWellFormed();
}

function refusalCode(error: unknown): string {
  if (error instanceof AppError) {
    const [part] = error.options.errors ?? [];
    return part ? `${error.code} ${part.pointer}` : error.code;
  }
  if (error instanceof PackageError) return error.code;
  throw error;
}
