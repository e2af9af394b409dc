import { mkdirSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { HttpClient } from '../../../api/test/support/http-client.js';
import { findBarriers } from '../support/browser.js';
import { expectOk, PASSWORD } from '../support/story.js';
import { button, type Stage } from '../support/stage.js';

/** What everybody may do with their own account. */
export function testOwnAccount(stage: Stage): void {
  it('shows its own keys and account, and tells a developer what is not for them', async () => {
    const { page } = stage.ada;
    await page.goto('/admin/api-keys');
    await button(stage.ada, 'New key').click();
    await page.getByRole('dialog').getByLabel('Name').fill('CI');
    expect(await findBarriers(page)).toEqual([]);
    await button(stage.ada, 'Create key').click();
    await page.getByText(/^mk_live_\w{46}$/).waitFor();
    await button(stage.ada, 'I have copied it').click();
    await button(stage.ada, 'Revoke CI …').click();
    await button(stage.ada, 'Revoke CI now').click();
    await page.getByText('revoked', { exact: true }).waitFor();

    const developer = await stage.visit(stage.dora);
    await developer.page.goto('/admin/');
    await developer.page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    await developer.page.getByLabel('Name').fill('Dora D.');
    await button(developer, 'Save name').click();
    await developer.page.getByText('Your name is changed.').waitFor();
    await developer.page.getByRole('link', { name: 'My apps', exact: true }).click();
    await developer.page.getByRole('heading', { name: 'My apps', exact: true }).waitFor();
    await developer.page.getByRole('link', { name: 'Kite', exact: true }).waitFor();
    expect(await findBarriers(developer.page)).toEqual([]);
    await developer.page.getByRole('link', { name: 'Telemetry of Kite', exact: true }).click();
    await developer.page.getByRole('heading', { name: 'Telemetry of Kite', exact: true }).waitFor();
    await developer.page.getByRole('link', { name: 'Kite', exact: true }).click();
    await developer.page.getByRole('link', { name: 'Telemetry', exact: true }).waitFor();
    await developer.page.goto('/admin/reviews');
    await developer.page.getByText('This is not for your account').waitFor();
    expect(await findBarriers(developer.page)).toEqual([]);
    await stage.browser.leave(developer);
  });

  it('leads back from a page of a list whose rows are gone', async () => {
    const petra = await stage.story.developer('Petra');
    const ids = Array.from({ length: 26 }, (_, number) => `com.example.petra.app${number}`);
    for (const id of ids) await stage.story.app(petra, id, `Petra’s ${id.split('.').at(-1)}`);
    const visitor = await stage.visit(petra);
    const { page } = visitor;
    const rows = page.locator('tbody tr');
    await page.goto('/admin/apps');
    await rows.nth(24).waitFor();
    await button(visitor, 'Next page').click();
    await page.getByRole('link', { name: 'Petra’s app0', exact: true }).waitFor();
    await expectOk(petra.client.send('DELETE', `/v1/apps/${ids[0]}`));
    await page.reload();
    await page.getByText('No more apps').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await button(visitor, 'First page').click();
    await rows.nth(24).waitFor();
    for (const id of ids.slice(1)) await expectOk(petra.client.send('DELETE', `/v1/apps/${id}`));
    await stage.browser.leave(visitor);
  });

  it('confirms an address and sets a new password by the links of mails', async () => {
    const nora = await stage.browser.visitor();
    const { page } = nora;
    const account = { email: 'nora@example.com', name: 'Nora', password: PASSWORD };
    await expectOk(new HttpClient(stage.server.url).post('/v1/auth/register', account));
    await page.goto(await mailedLink(stage, '/admin/verify-email', account.email));
    await button(nora, 'Verify').click();
    await page.getByText('The address is verified.').waitFor();
    expect(page.url()).not.toContain('token');

    await page.getByRole('link', { name: 'To the sign-in' }).click();
    await page.getByRole('link', { name: /Forgot/ }).click();
    // The sign-in has a field of the same name.
    await button(nora, 'Send link').waitFor();
    await page.getByLabel('E-mail address').fill(account.email);
    await button(nora, 'Send link').click();
    await page.getByText('If the address has an account, a mail is on its way.').waitFor();
    await page.goto(await mailedLink(stage, '/admin/reset-password', account.email));
    await page.getByLabel('New password').fill('another horse battery');
    await button(nora, 'Set password').click();
    await page.getByText('The password is set.').waitFor();
    await page.getByRole('link', { name: 'To the sign-in' }).click();
    await page.getByLabel('E-mail address').fill(account.email);
    await page.getByLabel('Password', { exact: true }).fill('another horse battery');
    await button(nora, 'Sign in').click();
    await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    await stage.browser.leave(nora);
  });
}

/** The path of a link that was mailed, as soon as the mail is there. Its port is the one of the settings, and this server took any that was free. */
async function mailedLink(stage: Stage, path: string, email: string): Promise<string> {
  const outbox = join(stage.data.path, 'outbox');
  mkdirSync(outbox, { recursive: true });
  const find = () =>
    readdirSync(outbox)
      .filter((name) => name.endsWith('.eml'))
      .map((name) => readFileSync(join(outbox, name), 'utf8'))
      .filter((mail) => mail.includes(`To: ${email}\r\n`))
      .map((mail) => new RegExp(`${path}#token=[\\w-]+`).exec(mail)?.[0])
      .find((link) => link !== undefined);
  return new Promise((resolve) => {
    const look = () => {
      const link = find();
      if (link === undefined) return;
      watcher.close();
      resolve(link);
    };
    const watcher = watch(outbox, look);
    look();
  });
}
