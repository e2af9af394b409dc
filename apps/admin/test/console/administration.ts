import { button, LANTERN, type Stage } from '../support/stage.js';

/** What an admin does. */
export function testAdministration(stage: Stage): void {
  it('finds an app while somebody types, suspends it with a reason, and restores it', async () => {
    const { page } = stage.ada;
    await page.goto('/admin/apps');
    await page.getByRole('searchbox').fill('com.example.lant');
    await page.waitForURL(/q=com\.example\.lant/);
    await page.getByRole('link', { name: 'Lantern', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /Lantern/ }).waitFor();
    await button(stage.ada, 'Suspend …').click();
    const dialog = page.getByRole('dialog', { name: 'Suspend Lantern' });
    await dialog.getByLabel('Reason').fill('Reported by users.');
    await dialog.getByRole('button', { name: 'Suspend it' }).click();
    await page.getByText('Suspended: not in the store', { exact: false }).waitFor();
    expect(await stage.story.inStore(LANTERN)).toBeUndefined();
    await button(stage.ada, 'Lift the suspension').click();
    await button(stage.ada, 'Suspend …').waitFor();
    expect(await stage.story.inStore(LANTERN)).toMatchObject({ latest_version: { version_code: 2 } });
  });

  it('suspends an account with a reason, its apps with it, and restores both', async () => {
    const { page } = stage.ada;
    await page.goto(`/admin/developers/${stage.dora.id}`);
    await button(stage.ada, 'Suspend …').click();
    const dialog = page.getByRole('dialog', { name: /^Suspend Dora/ });
    await dialog.getByText('Every app of this account leaves the store at once.').waitFor();
    const confirm = dialog.getByRole('button', { name: 'Suspend the account' });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel('Reason').fill('The account seems to be stolen.');
    await confirm.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('The account seems to be stolen.').waitFor();
    await page
      .getByRole('region', { name: 'What was done to this account' })
      .getByText('developer.suspended')
      .waitFor();
    expect(await stage.story.inStore(LANTERN)).toBeUndefined();
    expect((await stage.dora.client.get('/v1/apps')).status).toBe(403);
    await button(stage.ada, 'Lift the suspension').click();
    await button(stage.ada, 'Suspend …').waitFor();
    expect(await stage.story.inStore(LANTERN)).toMatchObject({ latest_version: { version_code: 2 } });
    expect((await stage.dora.client.get('/v1/apps')).status).toBe(200);
  });

  it('pages through apps, there and back', async () => {
    const { page } = stage.ada;
    const names = page.locator('tbody th a');
    await page.goto('/admin/apps');
    await names.nth(24).waitFor();
    const first = await names.allTextContents();
    await button(stage.ada, 'Next page').click();
    await page.getByText(first[0]!, { exact: true }).waitFor({ state: 'detached' });
    expect((await names.allTextContents()).filter((name) => first.includes(name))).toEqual([]);
    await button(stage.ada, 'Previous page').click();
    await page.getByText(first[0]!, { exact: true }).waitFor();
    expect(await names.allTextContents()).toEqual(first);
  });

  it('finds a developer while somebody types, with keys and what was done, and the same in the audit log', async () => {
    const { page } = stage.ada;
    await page.goto('/admin/developers');
    await page.getByRole('searchbox').fill('dora@');
    await page.getByRole('link', { name: 'Ravi', exact: true }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /^Dora/ }).click();
    await page.getByRole('region', { name: 'Signing keys' }).getByText('Dora’s new key').waitFor();
    await page.getByRole('region', { name: 'Apps' }).getByRole('link', { name: 'Lantern', exact: true }).waitFor();
    await page.getByRole('region', { name: 'What this account did' }).getByRole('link', { name: 'All of it' }).click();
    await page.waitForURL(/\/audit\?actor_id=/);
    await page.getByText(/^(The chain is whole|\d[\d,]* rows, not verified yet)/).waitFor();
    await page.getByLabel('Action, such as app.suspended').fill('signing_key.created');
    await page.waitForURL(/action=signing_key/);
    const actions = page.locator('tbody tr td:nth-of-type(2)');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 2);
    expect(await actions.allTextContents()).toEqual(Array(2).fill('signing_key.created'));
  });
}
