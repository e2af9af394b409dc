import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** One bucket whose objects appear whole or not at all, in the shape s3rver asks its store for. */
export function createAtomicStore({ folder, bucket, conditionalWrites, S3Error, S3Object }) {
  /** Key to file and metadata; entries are replaced, never changed. */
  const objects = new Map();

  function describe(key, entry, content) {
    return new S3Object(bucket, key, content, {
      ...entry.metadata,
      etag: JSON.stringify(entry.md5),
      'last-modified': entry.modifiedAt.toUTCString(),
      'content-length': entry.sizeBytes,
    });
  }

  function openContent(entry, start, end) {
    return entry.sizeBytes === 0 ? Readable.from([]) : createReadStream(entry.path, { start, end });
  }

  return {
    getBucket: async (name) => (name === bucket ? { name, creationDate: new Date(0) } : null),
    putBucket: async () => null,
    getSubresource: async () => undefined,
    existsObject: async (_, key) => objects.has(key),

    async getObject(_, key, options = {}) {
      const entry = objects.get(key);
      if (entry === undefined) return null;
      const last = entry.sizeBytes - 1;
      if (options.start === undefined) return describe(key, entry, openContent(entry, 0, last));
      const range = { start: options.start, end: Math.min(options.end ?? last, last) };
      const object = describe(key, entry, range.start > range.end ? null : openContent(entry, range.start, range.end));
      object.range = range;
      return object;
    },

    async putObject({ key, content, metadata }) {
      const headers = content.headers;
      const path = join(folder, randomUUID());
      const md5 = createHash('md5');
      const sha256 = createHash('sha256');
      let sizeBytes = 0;
      const observe = new Transform({
        transform(chunk, _encoding, done) {
          md5.update(chunk);
          sha256.update(chunk);
          sizeBytes += chunk.length;
          done(null, chunk);
        },
      });
      await pipeline(content, observe, createWriteStream(path));
      const digest = sha256.digest();
      const claims = {
        IncompleteBody: Number(headers['content-length']) === sizeBytes,
        XAmzContentSHA256Mismatch: headers['x-amz-content-sha256'] === digest.toString('hex'),
        BadDigest: (headers['x-amz-checksum-sha256'] ?? digest.toString('base64')) === digest.toString('base64'),
        NotImplemented: conditionalWrites !== 'refused' || headers['if-none-match'] === undefined,
        PreconditionFailed: conditionalWrites !== 'honoured' || headers['if-none-match'] !== '*' || !objects.has(key),
      };
      const broken = Object.keys(claims).find((name) => !claims[name]);
      if (broken !== undefined) {
        await unlink(path);
        const error = new S3Error(broken, `The test server says ${broken}.`);
        error.status = { PreconditionFailed: 412, NotImplemented: 501 }[broken] ?? 400;
        throw error;
      }
      const entry = { path, sizeBytes, md5: md5.digest('hex'), modifiedAt: new Date(), metadata };
      objects.set(key, entry);
      return { size: sizeBytes, md5: entry.md5 };
    },

    async deleteObject(_, key) {
      objects.delete(key);
    },

    async listObjects(_, { prefix = '', delimiter, startAfter = '', maxKeys = 1000 }) {
      // With a delimiter, what lies below the next one is listed as one common prefix.
      const fold = (key) => {
        const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
        return end < 0 ? key : key.slice(0, end + delimiter.length);
      };
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
      const names = [...new Set(keys.map(fold))].filter((name) => name > startAfter).sort();
      const page = names.slice(0, maxKeys);
      return {
        objects: page.filter((name) => objects.has(name)).map((key) => describe(key, objects.get(key), null)),
        commonPrefixes: page.filter((name) => !objects.has(name)),
        isTruncated: names.length > page.length,
      };
    },
  };
}
