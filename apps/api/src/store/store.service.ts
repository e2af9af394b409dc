import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { compareSemver, publicKeyBase64 } from '@mosis/package';
import { MAX_ICON_BYTES } from '../apps/icons.service.js';
import { notFound } from '../common/app-error.js';
import type { Page } from '../common/pagination.js';
import type { Settings } from '../config/settings.js';
import { SETTINGS } from '../config/settings.token.js';
import { VerifiedObjectsService } from '../objects/verified-objects.service.js';
import { SearchService } from './search.service.js';
import { StoreRepository, type InstalledApp, type OfferedVersionRow, type StoreAppRow } from './store.repository.js';
import type { SearchQuery, StoreAppResource, StoreVersionResource, UpdateResource } from './store.schemas.js';

/** Installed apps one statement asks for. */
const APPS_AT_ONCE = 100;
const OFFERED_PAGE = 20;

/** What devices see: published, reviewed, and not suspended, withdrawn or yanked. */
@Injectable()
export class StoreService {
  constructor(
    private readonly repository: StoreRepository,
    private readonly searching: SearchService,
    private readonly objects: VerifiedObjectsService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** A page of the store, searched or listed. */
  async search(query: SearchQuery): Promise<Page<StoreAppResource>> {
    const page = await this.searching.search(query);
    return { items: await this.resources(page.items), next_cursor: page.next_cursor };
  }

  /** One store page. @throws AppError `not-found` */
  async getApp(packageId: string): Promise<StoreAppResource> {
    const offer = await this.repository.findOffer(packageId);
    if (!offer) throw notFound('app');
    return this.appResource(offer, offer);
  }

  /** Categories with how many apps each has, largest first. */
  async listCategories(): Promise<{ items: { name: string; count: number }[] }> {
    return { items: await this.repository.listCategories() };
  }

  /** For each installed app the highest version above it that this device can run. */
  async findUpdates(mosisVersion: string, installed: readonly InstalledApp[]): Promise<UpdateResource[]> {
    const highest = new Map<string, InstalledApp>();
    for (const app of installed) {
      const key = app.package_id.toLowerCase();
      if ((highest.get(key)?.version_code ?? -1) < app.version_code) highest.set(key, app);
    }
    const apps = [...highest.values()];
    const updates: UpdateResource[] = [];
    for (let first = 0; first < apps.length; first += APPS_AT_ONCE) {
      // Other requests get in between, when a device has very many.
      if (first > 0) await setImmediate();
      updates.push(...(await this.findSomeUpdates(mosisVersion, apps.slice(first, first + APPS_AT_ONCE))));
    }
    return updates;
  }

  private async findSomeUpdates(mosisVersion: string, apps: readonly InstalledApp[]): Promise<UpdateResource[]> {
    const newest = await this.repository.listNewer(apps);
    newest.sort((one, other) => one.place - other.place);
    const updates: UpdateResource[] = [];
    for (const { place, ...newer } of newest) {
      const { package_id, version_code } = apps[place] as InstalledApp;
      const version = isRunnable(newer, mosisVersion)
        ? newer
        : await this.findRunnable(newer.app_id, version_code, newer.version_code, mosisVersion);
      if (!version) continue;
      const {
        permissions: _permissions,
        min_mosis_version: _min,
        published_at: _at,
        ...offer
      } = this.versionResource(version);
      updates.push({ package_id, ...offer });
    }
    return updates;
  }

  /** What a download needs to know. @throws AppError `not-found` when these bytes are not in the store (any more) */
  async getPackage(sha256: string): Promise<{ sizeBytes: number; fileName: string }> {
    const found = /^[0-9a-f]{64}$/.test(sha256) ? await this.repository.findPackage(sha256) : undefined;
    if (!found) throw notFound('package');
    return { sizeBytes: found.package_size, fileName: `${found.package_id}-${found.version_code}.mosis` };
  }

  /** An icon that is on a store page now. @throws AppError `not-found` */
  async getIcon(sha256: string): Promise<Buffer> {
    if (!/^[0-9a-f]{64}$/.test(sha256) || !(await this.repository.isIconShown(sha256))) throw notFound('icon');
    return this.objects.readIcon(sha256, MAX_ICON_BYTES);
  }

  private async findRunnable(
    appId: string,
    aboveCode: number,
    belowCode: number,
    mosisVersion: string,
  ): Promise<OfferedVersionRow | undefined> {
    for (let below = belowCode; ;) {
      const page = await this.repository.listOffered(appId, aboveCode, below, OFFERED_PAGE);
      const runnable = page.find((version) => isRunnable(version, mosisVersion));
      const last = page.at(-1);
      if (runnable || !last || page.length < OFFERED_PAGE) return runnable;
      below = last.version_code;
    }
  }

  private async resources(apps: readonly StoreAppRow[]): Promise<StoreAppResource[]> {
    const versions = new Map(
      (await this.repository.listLatestVersions(apps.map((app) => app.id))).map((version) => [version.app_id, version]),
    );
    return apps.flatMap((app) => {
      const version = versions.get(app.id);
      return version ? [this.appResource(app, version)] : [];
    });
  }

  private appResource(app: StoreAppRow, version: OfferedVersionRow): StoreAppResource {
    return {
      package_id: app.package_id,
      name: app.name,
      description: app.description,
      category: app.category,
      tags: JSON.parse(app.tags) as string[],
      icon_url: app.icon_sha256 && `${this.settings.publicUrl}/v1/store/icons/${app.icon_sha256}`,
      developer_name: app.developer_name,
      latest_version: this.versionResource(version),
      first_published_at: app.first_published_at ?? '',
      updated_at: app.last_published_at ?? '',
    };
  }

  private versionResource(version: OfferedVersionRow): StoreVersionResource {
    return {
      version_code: version.version_code,
      version_name: version.version_name,
      package_url: this.settings.publicUrl + version.package_url,
      package_size: version.package_size,
      package_sha256: version.package_sha256,
      signature: version.signature,
      signing_key: publicKeyBase64(version.public_key),
      signing_key_fingerprint: version.fingerprint,
      permissions: JSON.parse(version.permissions) as string[],
      min_mosis_version: version.min_mosis_version,
      release_notes: version.release_notes,
      published_at: version.published_at ?? '',
    };
  }
}

function isRunnable({ min_mosis_version }: OfferedVersionRow, mosisVersion: string): boolean {
  return compareSemver(min_mosis_version, mosisVersion) <= 0;
}
