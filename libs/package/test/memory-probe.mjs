// Verifies one package and prints by how much the resident memory rose above what an idle process has.
import { verifyPackage } from '../src/index.ts';

const [filePath, warmUpPath, publicKeyHex] = process.argv.slice(2);
const keys = [{ id: 'probe', publicKey: Buffer.from(publicKeyHex, 'hex') }];
// Loads code, compiles it and fills the pools once, as any server has done long before.
for (let round = 0; round < 4; round++) await verifyPackage(warmUpPath, { keys });

const before = process.memoryUsage().rss;
let peak = before;
const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
const startedAt = performance.now();
const { entries, sizeBytes } = await verifyPackage(filePath, { keys });
const durationMs = Math.round(performance.now() - startedAt);
clearInterval(timer);
peak = Math.max(peak, process.memoryUsage().rss);
const unpackedBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
process.stdout.write(JSON.stringify({ riseBytes: peak - before, sizeBytes, unpackedBytes, durationMs }));
