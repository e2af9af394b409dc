import { findBarriers } from '../support/browser.js';
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
    await developer.page.goto('/admin/reviews');
    await developer.page.getByText('This is not for your account').waitFor();
    expect(await findBarriers(developer.page)).toEqual([]);
    await stage.browser.leave(developer);
  });
}
