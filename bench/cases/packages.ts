import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BareServer } from '../baselines/bare.ts';
import { copyHashed } from '../baselines/hashed-copy.ts';
import type { Bench, BenchCase } from '../lib/bench.ts';
import { makeDeveloper, publish, type BenchDeveloper } from '../lib/developer.ts';
import { makePackage } from '../lib/packages.ts';
import { say } from '../lib/progress.ts';
import { peakResidentBytes, residentBytes, resetPeakResident } from '../lib/resident.ts';
import { RealServer } from '../lib/server.ts';
import { median } from '../lib/statistics.ts';
import { download, uploadFile } from '../load/transfer.ts';

const APP = 'com.bench.packages';
const MB = 1e6;
/** As large as the platform takes by default, and as large as most are. */
const SIZES_MB = [1, 100] as const;
/** What signing up left behind is given back by then. */
const SETTLE_MS = 2_000;

/** What packages of one size came to, one value a round. */
interface Transfers {
  sizeMb: number;
  /** MB/s. */
  uploads: number[];
  copies: number[];
  downloads: number[];
  bareDownloads: number[];
  /** The most memory that the server had meanwhile. */
  peakBytes: number;
}

/** Signed packages that cannot be compressed, up through the whole server and down again. */
export const packagesCase: BenchCase = {
  name: 'packages',
  about: 'packages of 1 MB and 100 MB, up and down over HTTP: MB/s beside a plain copy, memory of the server',
  async run(bench) {
    const server = await RealServer.start(bench.emptyFolder('packages'));
    bench.atEnd(() => server.stop());
    const developer = await makeDeveloper(server, 'packages');
    await server.send('POST', '/v1/apps', { package_id: APP, name: 'Packages' }, developer.cookie);
    const files = bench.emptyFolder('package-files');
    const bare = await BareServer.startFiles(files);
    bench.atEnd(() => bare.stop());
    const { rounds, asks } = bench.scale;
    await delay(SETTLE_MS);
    const idleBytes = residentBytes(server.pid) ?? Number.NaN;
    const all: Transfers[] = [];
    let versionCode = 0;
    for (const sizeMb of SIZES_MB) {
      const count = sizeMb === 1 ? asks : Math.max(1, rounds - 1);
      say(`${count} packages of ${sizeMb} MB`);
      const firstCode = versionCode + 1;
      versionCode += count;
      all.push(await transfer(server, bare, developer, files, { sizeMb, firstCode, count }));
    }
    report(bench, all, idleBytes);
    await server.stop();
  },
};

async function transfer(
  server: RealServer,
  bare: BareServer,
  developer: BenchDeveloper,
  files: string,
  { sizeMb, firstCode, count }: { sizeMb: number; firstCode: number; count: number },
): Promise<Transfers> {
  const { cookie, privateKeyPem } = developer;
  const copies = join(files, 'copies');
  mkdirSync(copies, { recursive: true });
  const result: Transfers = {
    sizeMb,
    uploads: [],
    copies: [],
    downloads: [],
    bareDownloads: [],
    peakBytes: 0,
  };
  for (let round = 0; round < count; round += 1) {
    const versionCode = firstCode + round;
    const name = `${versionCode}.mosis`;
    const file = join(files, name);
    writeFileSync(file, await makePackage({ packageId: APP, versionCode, sizeBytes: sizeMb * MB, privateKeyPem }));
    const { size } = statSync(file);
    const rate = (ms: number) => size / MB / (ms / 1000);
    result.copies.push(rate(copyHashed(file, join(copies, name))));
    resetPeakResident(server.pid);
    const path = `/v1/apps/${APP}/versions`;
    result.uploads.push(rate(await uploadFile({ port: server.port, path, headers: { cookie } }, file)));
    result.peakBytes = Math.max(result.peakBytes, peakResidentBytes(server.pid) ?? Number.NaN);
    const { package_sha256 } = await publish(server, developer, APP, versionCode);
    const store = { port: server.port, path: `/v1/store/packages/${package_sha256}` };
    result.downloads.push(rate(await download(store, size)));
    result.bareDownloads.push(rate(await download({ port: bare.port, path: `/${name}` }, size)));
    rmSync(file);
  }
  return result;
}

function report({ report }: Bench, all: readonly Transfers[], idleBytes: number): void {
  for (const { sizeMb, uploads, copies, downloads, bareDownloads } of all) {
    const seconds = (rates: readonly number[]) => `${(sizeMb / median(rates)).toFixed(3)} s`;
    report.add({
      what: `upload of ${sizeMb} MB, to the answer`,
      unit: 'MB/s',
      values: uploads,
      baseline: { what: 'a plain copy of the file with SHA-256 and a sync', values: copies },
      note: `${seconds(uploads)} a package: received, verified whole, stored; the copy ${seconds(copies)}`,
    });
    report.add({
      what: `download of ${sizeMb} MB`,
      unit: 'MB/s',
      values: downloads,
      baseline: { what: 'a bare server on node:http', values: bareDownloads },
    });
  }
  const peakOf = ({ peakBytes }: Transfers) => peakBytes / MB;
  const [small, large] = [all[0] as Transfers, all.at(-1) as Transfers];
  report.add({
    what: `resident at most while ${large.sizeMb} MB go up`,
    unit: 'MB',
    values: [peakOf(large)],
    baseline: { what: `the same while ${small.sizeMb} MB goes up`, values: [peakOf(small)], target: { atMost: 1.2 } },
  });
  report.add({
    what: '  above what it had at rest, before any upload',
    unit: 'MB',
    values: [peakOf(large) - idleBytes / MB],
    note: `at rest: ${(idleBytes / MB).toFixed(1)} MB; verification is a thread of its own with its own heap`,
  });
}
