/**
 * An S3 server for tests: s3rver's HTTP, routing and XML, in a process of its own so that it can be killed.
 *
 * Two things of it are replaced, because they are not what S3 does: its store writes objects in place and answers before
 * the bytes are down (S3 is atomic, and checks the digests a request carries), and its version 4 signatures are not
 * checked at all. Its paging token uses a cipher that OpenSSL 3 dropped.
 */
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAtomicStore } from './s3-atomic-store.mjs';
import { verifySignature } from './s3-signature.mjs';

const require = createRequire(import.meta.url);
const { createCipheriv, createDecipheriv } = crypto;
const tripled = (key) => Buffer.concat([key, key, key]);
crypto.createCipheriv = (name, key, iv) =>
  name === 'des' ? createCipheriv('des-ede3-cbc', tripled(key), iv) : createCipheriv(name, key, iv);
crypto.createDecipheriv = (name, key, iv) =>
  name === 'des' ? createDecipheriv('des-ede3-cbc', tripled(key), iv) : createDecipheriv(name, key, iv);

const S3rver = require('s3rver');
const S3Error = require('s3rver/lib/models/error');
const S3Object = require('s3rver/lib/models/object');

const { bucket, accessKeyId, secretAccessKey, conditionalWrites } = JSON.parse(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'object-store-s3-'));
require('s3rver/lib/models/account').DUMMY_ACCOUNT.createKeyPair(accessKeyId, secretAccessKey);

const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory: folder, vhostBuckets: false });
server.store = server.context.store = createAtomicStore({ folder, bucket, conditionalWrites, S3Error, S3Object });
// S3 errors are answers here, not crashes to print.
server.silent = true;
server.on('error', () => {});
server.middleware.unshift(async (ctx, next) => {
  const problem = verifySignature(ctx.req, { accessKeyId, secretAccessKey });
  if (problem !== undefined) throw new S3Error(problem, `The test server says ${problem}.`);
  await next();
});

const address = await server.run();
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
process.send({ port: address.port, folder });
