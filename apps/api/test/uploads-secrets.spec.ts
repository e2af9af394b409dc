import { createPrivateKey } from 'node:crypto';
import { jsonFile, listOf, manifest, signatureEntries } from '../../../libs/package/test/package-fixture.js';
import { forgeZip } from '../../../libs/package/test/zip-forge.js';
import { addApiKey, createPublisher, readOutbox, signUp, upload, type Publisher } from './support/actors.js';
import { inventory, rows } from './support/attack.js';
import { TestPlatform } from './support/platform.js';
import { newApp } from './support/steps.js';

describe('a live key inside a package', () => {
  let platform: TestPlatform;
  let publisher: Publisher;
  beforeAll(async () => {
    platform = await TestPlatform.start();
    publisher = await createPublisher(platform);
  });
  afterAll(() => platform.stop());

  it('of another developer is revoked at once, its owner is told, and the package is refused', async () => {
    const victim = await signUp(platform);
    const key = await addApiKey(victim, ['apps:read']);
    const spared = await addApiKey(victim, ['apps:read']);
    expect((await victim.client.withKey(key).get('/v1/apps')).status).toBe(200);
    const before = inventory(platform);
    const answer = await upload(publisher, { files: { 'src/config.js': `const key = "${key}";\n` } });
    expect([answer.status, answer.body.code]).toEqual([422, 'secret-found']);
    expect(answer.body.evidence).toMatchObject([{ path: 'src/config.js', line: 1 }]);
    expect(JSON.stringify(answer.body)).not.toContain(key);
    expect(inventory(platform)).toEqual(before);
    expect((await victim.client.withKey(key).get('/v1/apps')).status).toBe(401);
    expect((await victim.client.withKey(spared).get('/v1/apps')).status).toBe(200);

    await platform.idle();
    const mails = readOutbox(platform).filter((mail) => mail.includes(`To: ${victim.email}\r\n`));
    const mail = mails.find((text) => text.includes('was found in'));
    expect(mail).toContain(publisher.packageId);
    expect(mail).toContain(key.slice(0, 12));
    expect(mails.join('')).not.toContain(key);
    const audit = rows(platform, `SELECT * FROM audit_logs WHERE action = 'api_key.revoked'`);
    expect(audit).toMatchObject([{ actor_kind: 'system', data: '{"reason":"found-in-package"}' }]);
    expect(platform.log).not.toContain(key);
  });

  it('is revoked also where the package is refused for another reason', async () => {
    const key = await addApiKey(publisher, ['apps:read']);
    const app = await newApp(publisher);
    const files = [
      jsonFile({ ...manifest, id: app.packageId }),
      { name: 'assets/main.rml', data: Buffer.from(key) },
      { name: 'broken.txt', data: Buffer.from('x'), crc: 1 },
    ];
    const bytes = forgeZip([...files, ...signatureEntries(listOf(files), createPrivateKey(app.key.privateKeyPem))]);
    const answer = await app.client.post(`/v1/apps/${app.packageId}/versions`, bytes);
    expect([answer.status, answer.body.code]).toEqual([422, 'crc-mismatch']);
    expect((await publisher.client.withKey(key).get('/v1/apps')).status).toBe(401);
  });

  it('that was invented revokes nothing and tells nobody', async () => {
    const key = await addApiKey(publisher, ['apps:read']);
    const invented = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    await platform.idle();
    const mails = readOutbox(platform).length;
    await upload(await newApp(publisher), { files: { 'a.txt': `${invented} ${key.slice(0, -4)}` } });
    await platform.idle();
    expect(readOutbox(platform)).toHaveLength(mails);
    expect((await publisher.client.withKey(key).get('/v1/apps')).status).toBe(200);
  });

  it('is found among many others in one file', async () => {
    const keys = [await addApiKey(publisher, ['apps:read']), await addApiKey(publisher, ['apps:read'])];
    await upload(await newApp(publisher), { files: { 'a.txt': `${keys.join('\n')}\n${keys.join(',')}` } });
    for (const key of keys) expect((await publisher.client.withKey(key).get('/v1/apps')).status).toBe(401);
  });
});
