import { afterAll, beforeAll, describe } from '@jest/globals';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { createObjectStore } from '../src/index.js';
import { describeObjectStoreContract, type StoreUnderTest } from './support/contract.js';
import { startS3Server, type S3Server } from './support/s3-server.js';

describe.each([
  ['S3 that ignores If-None-Match', 'ignored'],
  ['S3 that honours If-None-Match', 'honoured'],
  ['S3 that refuses If-None-Match', 'refused'],
] as const)('%s', (name, conditionalWrites) => {
  let server: S3Server;
  let client: S3Client;

  beforeAll(async () => {
    server = await startS3Server({ conditionalWrites });
    client = new S3Client({
      endpoint: server.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
  });

  afterAll(async () => {
    client.destroy();
    await server.kill();
  });

  describeObjectStoreContract(name, async (): Promise<StoreUnderTest> => {
    // Each test has a prefix of its own in the one bucket.
    const prefix = `test/${randomUUID()}`;
    return {
      store: createObjectStore({
        url: `s3://${server.bucket}/${prefix}`,
        s3: {
          endpoint: server.endpoint,
          accessKeyId: server.accessKeyId,
          secretAccessKey: server.secretAccessKey,
        },
      }),
      plant: async (key, bytes) => {
        await client.send(new PutObjectCommand({ Bucket: server.bucket, Key: `${prefix}/${key}`, Body: bytes }));
      },
      dispose: async () => {},
    };
  });
});
