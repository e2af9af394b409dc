import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/actor.js';
import { IngestKeyAccess } from '../access/ingest-key-access.js';
import { AppError } from '../common/app-error.js';
import { Clock } from '../common/clock.js';
import { IngestKeysService } from '../ingest-keys/ingest-keys.service.js';
import { IngestService } from '../telemetry/ingest.service.js';
import { makeDemoBatches, type DemoApp } from './demo-telemetry.js';

const KEY_NAME = 'Demo';
/** Reserved for documents, so that it is nobody's (RFC 5737). */
const ADDRESS = '192.0.2.1';
/** As many as a busy app may have under way. */
const AT_A_TIME = 50;

/** Devices of the demo: they send what an SDK would, through the door that it comes in by. */
@Injectable()
export class DemoDevices {
  constructor(
    private readonly ingestKeys: IngestKeysService,
    private readonly access: IngestKeyAccess,
    private readonly ingest: IngestService,
    private readonly clock: Clock,
  ) {}

  /** Sends what the devices of an app did in the last days; answers how many events were new. */
  async send(owner: Actor, app: DemoApp): Promise<number> {
    const key = await this.getKey(owner, app.packageId);
    const grant = await this.access.authenticate(key, ADDRESS);
    let events = 0;
    const underWay = new Set<Promise<void>>();
    for (const batch of makeDemoBatches(app, this.clock.now().getTime())) {
      const sent = this.ingest
        .upload(grant, { address: ADDRESS, body: Buffer.from(JSON.stringify(batch)) })
        .then(({ accepted, duplicate }) => {
          if (!duplicate) events += accepted;
        })
        // A session that an earlier version of the catalogue told otherwise stays as it is.
        .catch((error: unknown) => {
          if (!(error instanceof AppError && error.code === 'batch-id-reused')) throw error;
        })
        .finally(() => underWay.delete(sent));
      underWay.add(sent);
      if (underWay.size >= AT_A_TIME) await Promise.race(underWay);
    }
    await Promise.all(underWay);
    return events;
  }

  private async getKey(owner: Actor, packageId: string): Promise<string> {
    const { items } = await this.ingestKeys.list(owner, packageId, { limit: 100 });
    const known = items.find(({ name, revoked_at }) => name === KEY_NAME && revoked_at === null);
    return (known ?? (await this.ingestKeys.create(owner, packageId, KEY_NAME))).key;
  }
}
