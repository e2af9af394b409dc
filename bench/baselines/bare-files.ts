/** The baseline of downloads: node:http, and a stream from each file of one folder. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const { dataDir } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string };
const server = createServer((request, response) => {
  const file = join(dataDir, basename(request.url ?? ''));
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size });
  pipeline(createReadStream(file), response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
