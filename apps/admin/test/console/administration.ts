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
}
