import { randomUUID } from 'node:crypto';
import { makeDeveloper } from '../lib/developer.ts';
import type { RealServer } from '../lib/server.ts';
import type { LoadedApp } from './batches.ts';

/** Something that a server acknowledged, and when. */
export interface Acknowledged {
  id: string;
  /** Events of a batch; 1 for an app. */
  count: number;
  atMs: number;
}

const EVENTS_PER_BATCH = 50;
/** An account has at most a thousand that were never published. */
const APPS_PER_DEVELOPER = 900;

/** Writes that are remembered one by one, so that after a crash each can be looked for. */
export class Witnesses {
  readonly batches: Acknowledged[] = [];
  readonly apps: Acknowledged[] = [];
  #apps = 0;
  #developers = 0;

  /** Sends batches one after the other until the server is gone. */
  async sendBatches(server: RealServer, app: LoadedApp, device: string): Promise<void> {
    for (;;) {
      const id = randomUUID();
      const answer = await fetch(new URL('/v1/telemetry/batches', server.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-ingest-key': app.key },
        body: batchOf(id, app, device),
      }).catch(() => undefined);
      if (!answer) return;
      const receipt = (await answer.json().catch(() => undefined)) as { accepted?: number } | undefined;
      if (answer.status === 200 && receipt?.accepted) {
        this.batches.push({ id, count: receipt.accepted, atMs: performance.now() });
      } else if (receipt === undefined) return;
    }
  }

  /** Registers apps one after the other until the server is gone. @throws when it refuses one */
  async makeApps(server: RealServer): Promise<void> {
    for (;;) {
      const developer = await makeDeveloper(server, `witness-${(this.#developers += 1)}`).catch(() => undefined);
      if (!developer) return;
      for (let made = 0; made < APPS_PER_DEVELOPER; made += 1) {
        const id = `com.witness.app${(this.#apps += 1)}`;
        const app = { package_id: id, name: id };
        const answer = await server.send('POST', '/v1/apps', app, developer.cookie).catch(() => undefined);
        if (!answer) return;
        if (answer.status !== 201) throw new Error(`${id}: ${await answer.text()}`);
        this.apps.push({ id, count: 1, atMs: performance.now() });
      }
    }
  }
}

function batchOf(id: string, app: LoadedApp, device: string): string {
  const timestamp = new Date().toISOString();
  return JSON.stringify({
    batch_id: id,
    app_id: app.packageId,
    app_version: '1.0.0',
    mosis_version: '1.0.0',
    device_id: device,
    session_id: '00000000-0000-4000-8000-000000000001',
    events: Array.from({ length: EVENTS_PER_BATCH }, (_, index) => ({
      type: 'screen_view',
      timestamp,
      data: { screen_name: `screen ${index % 9}` },
    })),
  });
}
