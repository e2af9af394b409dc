import {
  addSigningKey,
  buildTestPackage,
  createPublisher,
  createReviewer,
  expectStatus,
  findPendingReview,
  publishVersion,
  upload,
  type Person,
  type Publisher,
} from './support/actors.js';
import { TestPlatform } from './support/platform.js';
import { approveVersion, decide, newApp, submitVersion, versionUrl } from './support/steps.js';

describe('one review', () => {
  let platform: TestPlatform;
  let reviewer: Person;
  let owner: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    reviewer = await createReviewer(platform);
    owner = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  const detail = async (publisher: Publisher, kind = 'version') => {
    const id = await findPendingReview(reviewer, publisher.packageId, kind);
    return (await reviewer.client.get(`/v1/admin/reviews/${id}`)).body;
  };
  const named = (key?: { name?: string; created_at?: string }) => ({ name: key?.name, registered_at: key?.created_at });
  const codes = (body: { reasons: { code: string }[] }) => body.reasons.map(({ code }) => code);

  it('of a first version shows all of it, and nothing to compare with', async () => {
    const publisher = await newApp(owner, { name: 'Test app', description: 'About it', tags: ['x'] });
    await submitVersion(publisher, { permissions: ['network'], files: { 'a.txt': 'abc' } });
    const body = await detail(publisher);
    expect(codes(body)).toEqual(['first-version', 'permissions-requested']);
    expect(body.listing).toMatchObject({ name: 'Test app', description: 'About it', developer_name: owner.name });
    expect(body.listing_changes).toEqual([]);
    expect(body.changes).toMatchObject({
      against: null,
      permissions: { added: ['network'], removed: [], unchanged: [] },
      package_size: { before: null },
      signing_key: { before: null, after: owner.key.fingerprint, changed: false },
    });
    expect(body.changes.files.added.map(({ path }: { path: string }) => path)).toEqual([
      'a.txt',
      'main.rml',
      'manifest.json',
    ]);
    expect(body.developer_history).toMatchObject({ verified: true, approved: 0, rejected: 0 });
  });

  it('of a later version shows what changed since the last approved one: permissions, files, sizes, key', async () => {
    const publisher = await newApp(owner);
    const before = await publishVersion(publisher, reviewer, {
      permissions: ['network', 'camera'],
      files: { 'same.txt': 'same', 'changed.txt': 'old', 'gone.txt': 'gone' },
    });
    await upload(publisher, { versionCode: 2, files: { 'draft.txt': 'nobody approved this' } });
    const key = await addSigningKey(publisher);
    await submitVersion(
      { ...publisher, key },
      {
        versionCode: 3,
        minMosisVersion: '2.0.0',
        permissions: ['network', 'microphone'],
        files: { 'same.txt': 'same', 'changed.txt': 'newer', 'new.txt': 'new' },
      },
    );
    const body = await detail(publisher);
    expect(codes(body)).toEqual(['permissions-added', 'signing-key-changed', 'new-version']);
    const after = (await publisher.client.get(versionUrl(publisher, 3))).body;
    expect(body.changes).toMatchObject({
      against: { version_code: 1, version_name: '1.0.1', package_sha256: before.body.package_sha256 },
      permissions: { added: ['microphone'], removed: ['camera'], unchanged: ['network'] },
      package_size: { before: before.body.package_size, after: after.package_size },
      min_mosis_version: { before: '1.0.0', after: '2.0.0' },
      signing_key: { before: owner.key.fingerprint, after: key.fingerprint, changed: true, is_active: true },
    });
    const keys = (await owner.client.get('/v1/signing-keys')).body.items as {
      name: string;
      created_at: string;
      fingerprint: string;
    }[];
    expect(body.changes.signing_key).toMatchObject(
      named(keys.find(({ fingerprint }) => fingerprint === key.fingerprint)),
    );
    const { files } = body.changes;
    expect(files.added.map(({ path }: { path: string }) => path)).toEqual(['new.txt']);
    expect(files.removed.map(({ path }: { path: string }) => path)).toEqual(['gone.txt']);
    expect(files.changed).toMatchObject([
      { path: 'changed.txt', before: { size_bytes: 3 }, after: { size_bytes: 5 } },
      { path: 'manifest.json' },
    ]);
    // main.rml and same.txt.
    expect(files.unchanged).toBe(2);
  });

  it('names a key other than the first published one, also when the last version had it already', async () => {
    const publisher = await newApp(owner);
    await publishVersion(publisher, reviewer);
    const other = { ...publisher, key: await addSigningKey(publisher) };
    await publishVersion(other, reviewer, { versionCode: 2 });
    await submitVersion(other, { versionCode: 3 });
    expect(codes(await detail(publisher))).toContain('signing-key-changed');
    await decide(reviewer, publisher.packageId, 'approve');
    await submitVersion(publisher, { versionCode: 4 });
    const { reasons } = await detail(publisher);
    expect(reasons).toContainEqual({
      code: 'signing-key-changed',
      detail: 'It is signed with another key than 1.0.3.',
    });
  });

  it('names earlier rejections, another name in the manifest, and what the verifier noted', async () => {
    const publisher = await newApp(owner);
    await submitVersion(publisher);
    await decide(reviewer, publisher.packageId, 'reject');
    const nested = await buildTestPackage(publisher.key, { packageId: 'com.example.nested' });
    await submitVersion(publisher, { versionCode: 2, name: 'Another name', files: { 'inner.zip': nested } });
    const body = await detail(publisher);
    expect(codes(body)).toEqual(
      expect.arrayContaining(['first-version', 'manifest-name-differs', 'rejected-before', 'nested-archive']),
    );
    expect(body.history).toMatchObject([
      {
        version_code: 1,
        version_name: '1.0.1',
        decision: 'rejected',
        notes: 'Not like this.',
        reviewer_name: reviewer.name,
      },
    ]);
    const decided = await reviewer.client.get(`/v1/admin/reviews/${body.history[0].id}`);
    expect(decided.body).toMatchObject({ reviewer_id: reviewer.id, reviewer_name: reviewer.name });
  });

  it('of a listing shows each field before and after', async () => {
    const publisher = await newApp(owner, { category: 'Tools' });
    await publishVersion(publisher, reviewer);
    await publisher.client.patch(`/v1/apps/${publisher.packageId}`, { name: 'New name', tags: ['t'] });
    const body = await detail(publisher, 'listing');
    expect(body).toMatchObject({ kind: 'listing', version_code: null, changes: null });
    expect(body.listing_changes).toEqual([
      { field: 'name', before: 'Test app', after: 'New name' },
      { field: 'tags', before: [], after: ['t'] },
    ]);
    expect(codes(body).sort()).toEqual(['listing-name-changed', 'listing-tags-changed']);
    expect(body.listing).toMatchObject({ name: 'New name', category: 'Tools' });
  });

  it('of a version shows how the listing differs from the one that the last approved version went out with', async () => {
    const publisher = await newApp(owner);
    await publishVersion(publisher, reviewer);
    await publisher.client.patch(`/v1/apps/${publisher.packageId}`, { description: 'Described' });
    await decide(reviewer, publisher.packageId, 'approve', 'listing');
    await submitVersion(publisher, { versionCode: 2 });
    expect((await detail(publisher)).listing_changes).toEqual([
      { field: 'description', before: '', after: 'Described' },
    ]);
    await decide(reviewer, publisher.packageId, 'approve');
    expectStatus(await publisher.client.post(`${versionUrl(publisher, 2)}/publish`), 200);
    await submitVersion(publisher, { versionCode: 3 });
    expect((await detail(publisher)).listing_changes).toEqual([]);
  });

  describe('lets a reviewer read', () => {
    const TRICKY = {
      'with space.txt': 'space',
      'ünïcode/日本.txt': 'unicode',
      '100%25/a+b&c=d.txt': 'escapes',
      'quote\'"s(1).txt': 'quotes',
      'page.html': '<script>alert(1)</script>',
      'x.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    };
    let publisher: Publisher;
    let url: string;
    beforeAll(async () => {
      const illegal = Object.keys(TRICKY).filter((path) => /["]/.test(path));
      expect(illegal).toHaveLength(1);
      publisher = await newApp(owner);
      await submitVersion(publisher, { files: TRICKY });
      url = versionUrl(publisher, 1);
    });

    it('the package, the list of its files and each of them, whatever it is called', async () => {
      const own = await publisher.client.get(`${url}/package`);
      const theirs = await reviewer.client.get(`${url}/package`);
      expect(theirs.bytes.equals(own.bytes)).toBe(true);
      const list = await reviewer.client.get(`${url}/files`);
      expect(list.body.items.map(({ path }: { path: string }) => path).sort()).toEqual(
        [...Object.keys(TRICKY), 'main.rml', 'manifest.json'].sort(),
      );
      for (const [path, content] of Object.entries(TRICKY)) {
        const encoded = path.split('/').map(encodeURIComponent).join('/');
        for (const form of [encoded, encodeURIComponent(path)]) {
          const file = await reviewer.client.get(`${url}/files/${form}`);
          expect([path, file.status, file.bytes.toString()]).toEqual([path, 200, content]);
        }
      }
    });

    it('files as downloads that no browser runs', async () => {
      for (const path of ['page.html', 'x.svg', `${encodeURIComponent('quote\'"s(1).txt')}`]) {
        const file = await reviewer.client.get(`${url}/files/${path}`);
        expect(file.headers).toMatchObject({
          'content-type': 'application/octet-stream',
          'x-content-type-options': 'nosniff',
          'cache-control': 'private, no-store',
        });
        expect(file.headers['content-security-policy']).toContain("default-src 'none'");
        expect(file.headers['content-disposition']).toMatch(/^attachment; filename\*=UTF-8''[A-Za-z0-9.%!~_-]+$/);
      }
      const whole = await reviewer.client.get(`${url}/package`);
      expect(whole.headers['content-disposition']).toBe(`attachment; filename="${publisher.packageId}-1.mosis"`);
    });

    it('nothing that is not in the package', async () => {
      for (const path of [
        '../core.db',
        '..%2f..%2fcore.db',
        '%2e%2e/core.db',
        '/etc/passwd',
        'none',
        '',
        'META-INF',
        '%00',
      ]) {
        const file = await reviewer.client.get(`${url}/files/${path}`);
        expect([path, file.status]).toEqual([path, 404]);
      }
      for (const code of ['0', '2', '1.0', '01', 'x', '-1', '99999999999'])
        expect((await reviewer.client.get(`/v1/apps/${publisher.packageId}/versions/${code}`)).status).toBe(404);
    });

    it('nothing of an app that was never submitted, and no stranger reads anything', async () => {
      const drafted = await newApp(owner);
      await upload(drafted);
      const stranger = await createPublisher(platform);
      for (const part of ['', '/package', '/files', '/files/main.rml'])
        for (const [person, of] of [
          [reviewer, versionUrl(drafted, 1)],
          [stranger, url],
        ] as const)
          expect([part, (await person.client.get(`${of}${part}`)).status]).toEqual([part, 404]);
      expect((await reviewer.client.get(`/v1/apps/${drafted.packageId}`)).status).toBe(404);
      expect((await reviewer.client.get(`/v1/apps/${drafted.packageId}/versions`)).status).toBe(404);
    });

    it('and nothing more than read', async () => {
      for (const action of ['submit', 'withdraw', 'publish', 'unyank'])
        expect((await reviewer.client.post(`${url}/${action}`)).status).toBe(404);
      expect((await reviewer.client.delete(url)).status).toBe(404);
      expect((await reviewer.client.patch(url, { release_notes: 'x' })).status).toBe(404);
      expect((await reviewer.client.post(`${url}/yank`, { reason: 'x' })).status).toBe(404);
      expect((await approveVersion(await newApp(owner), reviewer)).status).toBe(200);
    });
  });
});
