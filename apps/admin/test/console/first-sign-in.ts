import { PASSWORD } from '../support/story.js';
import { ADMIN_EMAIL, button, type Stage } from '../support/stage.js';

/** Signing in for the first time. */
export function testFirstSignIn(stage: Stage): void {
  it('creates the first admin by the link of the log, and signs in', async () => {
    const { page } = stage.ada;
    // The port of the link is the one of the settings, and this server took any that was free.
    const [link = ''] = /\/admin\/setup#token=\w+/.exec(stage.server.log) ?? [];
    await page.goto(link);
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('E-mail address').fill(ADMIN_EMAIL);
    await page.getByLabel('New password').fill('short');
    await button(stage.ada, 'Create admin').click();
    // The browser itself refuses what is too short; nothing was sent.
    await page.getByLabel('New password').fill(PASSWORD);
    await button(stage.ada, 'Create admin').click();
    await page.getByText('The admin account is there.').waitFor();
    expect(page.url()).not.toContain('token');

    await page.getByRole('link', { name: 'To the sign-in' }).click();
    await page.getByLabel('E-mail address').fill(ADMIN_EMAIL);
    await page.getByLabel('Password', { exact: true }).fill('not this one');
    await button(stage.ada, 'Sign in').click();
    await page.getByRole('alert').getByText('E-mail or password is wrong').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button(stage.ada, 'Sign in').click();
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    await page.getByText('Every submission is decided.').waitFor();
    expect(page.url()).toBe(`${stage.server.url}/admin/reviews`);
  });
}
