import { litestreamEnvironment, renderLitestreamConfig } from './config.js';

const S3 = {
  url: 's3://copies/mosis',
  s3: { endpoint: 'http://127.0.0.1:9000', region: 'eu-1', accessKeyId: 'an-id', secretAccessKey: 'a-secret' },
};
const core = { database: 'core' as const, file: '/data/core.db' };

describe('the configuration of Litestream', () => {
  it('puts each database into a folder of its own below the location', () => {
    const config = renderLitestreamConfig({
      location: { url: 'file:///vol/backups' },
      databases: [core, { database: 'telemetry', file: '/data/telemetry.db' }],
    });
    const { dbs } = JSON.parse(config) as { dbs: { path: string; replicas: { path: string }[] }[] };
    expect(dbs.map(({ path, replicas }) => [path, replicas[0]!.path])).toEqual([
      ['/data/core.db', '/vol/backups/core.db'],
      ['/data/telemetry.db', '/vol/backups/telemetry.db'],
    ]);
  });

  it('names an S3 bucket, prefix and endpoint, and holds no credentials', () => {
    const config = renderLitestreamConfig({ location: S3, databases: [core] });
    const { dbs } = JSON.parse(config) as { dbs: { replicas: unknown[] }[] };
    expect(dbs[0]!.replicas).toEqual([
      {
        type: 's3',
        bucket: 'copies',
        path: 'mosis/core.db',
        endpoint: S3.s3.endpoint,
        region: 'eu-1',
        'force-path-style': true,
      },
    ]);
    expect(config).not.toMatch(/an-id|a-secret/);
    expect(litestreamEnvironment(S3)).toEqual({
      LITESTREAM_ACCESS_KEY_ID: 'an-id',
      LITESTREAM_SECRET_ACCESS_KEY: 'a-secret',
    });
  });
});
