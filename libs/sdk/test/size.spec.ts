import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compiled, minifiedBundle } from './support/bundle.js';

const LIMIT_BYTES = 10_240;

describe('what a device loads', () => {
  it.each([
    ['a browser, its storage in IndexedDB', 'indexed-db-storage.ts', 'openIndexedDbStorage'],
    ['Node, its storage in files', 'file-storage.ts', 'openFileStorage'],
  ])('is below 10,240 bytes minified in %s', async (_, storage, opener) => {
    const code = await minifiedBundle(['telemetry.ts', `storage/${storage}`], ['createTelemetry', opener]);
    expect(Buffer.byteLength(code)).toBeLessThan(LIMIT_BYTES);
  });

  it('is the whole of it: the bundle runs by itself and imports nothing', async () => {
    const code = await minifiedBundle(['telemetry.ts'], ['createTelemetry']);
    const { createTelemetry } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      createTelemetry: (options: object) => { close(): Promise<void>; stats(): object };
    };
    const fetch = async (_url: string, { body }: { body: Blob }) => {
      const { events } = JSON.parse(await body.text()) as { events: unknown[] };
      return new Response(JSON.stringify({ accepted: events.length }));
    };
    const telemetry = createTelemetry({ endpoint: '', platform: { fetch } });
    await telemetry.close();
    expect(telemetry.stats()).toMatchObject({ generated: 2, accepted: 2, queued: 0 });
  });

  it('names no module of Node in an import that a bundler would follow', async () => {
    const names = await readdir(join(import.meta.dirname, '../src'), { recursive: true });
    for (const name of names.filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))) {
      expect(await compiled(name)).not.toMatch(/(from|import\s*\(?)\s*['"](?!\.{1,2}\/)/);
    }
  });
});
