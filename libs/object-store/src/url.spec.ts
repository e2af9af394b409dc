import { describe, expect, it } from '@jest/globals';
import { ObjectStoreError } from './errors.js';
import { createObjectStore, parseObjectStoreUrl } from './index.js';

describe('parseObjectStoreUrl', () => {
  it.each([
    ['file:///data/objects', { kind: 'directory', path: '/data/objects' }],
    ['file:///data/objects/', { kind: 'directory', path: '/data/objects' }],
    ['FILE:///data/my%20objects', { kind: 'directory', path: '/data/my objects' }],
    ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { kind: 's3', bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket-1/mosis/objects/', { kind: 's3', bucket: 'my.bucket-1', prefix: 'mosis/objects' }],
  ])('reads %s', (url, location) => {
    expect(parseObjectStoreUrl(url)).toEqual(location);
  });

  it.each([
    ['', 'file:///absolute/path or s3://bucket/prefix'],
    ['/data/objects', 'file:///absolute/path or s3://bucket/prefix'],
    ['./data', 'file:///absolute/path or s3://bucket/prefix'],
    ['https://bucket.s3.amazonaws.com/x', 'file:///absolute/path or s3://bucket/prefix'],
    ['file:data', 'three slashes'],
    ['file://data/objects', 'three slashes'],
    ['file:///', 'root of the file system'],
    ['file:///a/..', 'root of the file system'],
    ['file:///data?x=1', '"?"'],
    ['file:///data%2Fobjects', 'path on this system'],
    ['file:///data%00', 'path on this system'],
    ['s3:bucket', 'bucket'],
    ['s3:///prefix', 'bucket'],
    ['s3://B', 'bucket'],
    ['s3://Bucket', 'bucket'],
    ['s3://a..b', 'bucket'],
    ['s3://bucket:9000/prefix', 'endpoint'],
    ['s3://bucket/a//b', 'prefix'],
    ['s3://bucket/a b', 'prefix'],
    ['s3://bucket/.hidden', 'prefix'],
    ['s3://bucket/prefix#x', '"?"'],
    [`s3://bucket/${'a/'.repeat(150)}`, 'prefix'],
  ])('refuses %s and says what is wrong', (url, words) => {
    let error: unknown;
    try {
      parseObjectStoreUrl(url);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ObjectStoreError);
    expect(error).toMatchObject({ code: 'object-store-settings-invalid', retryable: false });
    expect((error as ObjectStoreError).message).toContain(words);
  });

  it.each(['s3://key:secret-word@bucket/x', 'file://user:secret-word@/data', 'https://key:secret-word@host/'])(
    'refuses credentials in %s without repeating them',
    (url) => {
      expect(() => parseObjectStoreUrl(url)).toThrow(/credentials/);
      expect(() => parseObjectStoreUrl(url)).not.toThrow(/secret-word/);
    },
  );
});

describe('createObjectStore', () => {
  it('says where the objects are', () => {
    expect(createObjectStore({ url: 'file:///data/objects' }).describe()).toBe('directory /data/objects');
    expect(createObjectStore({ url: 's3://bucket' }).describe()).toBe('s3://bucket/ at region us-east-1');
    expect(createObjectStore({ url: 's3://bucket/a', s3: { region: 'eu-west-1' } }).describe()).toBe(
      's3://bucket/a/ at region eu-west-1',
    );
  });

  it('offers local paths and sweeping for directories only', () => {
    const directory = createObjectStore({ url: 'file:///data/objects' });
    expect(directory.localPath?.('a/b')).toBe('/data/objects/a/b');
    expect(directory.sweep).toBeDefined();
    const s3 = createObjectStore({ url: 's3://bucket' });
    expect(s3.localPath).toBeUndefined();
    expect(s3.sweep).toBeUndefined();
  });
});
