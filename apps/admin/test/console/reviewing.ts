import { findBarriers } from '../support/browser.js';
import { expectOk, PASSWORD } from '../support/story.js';
import { button, KITE, LANTERN, PAGE, RACE, type Stage } from '../support/stage.js';

/** Deciding, alone and against others. */
export function testReviewing(stage: Stage): void {
  it('shows all there is to decide on, approves, and the store changes', async () => {
    const { page } = stage.ada;
    await stage.openReview(stage.ada, LANTERN);
    const section = (name: string) => page.getByRole('region', { name });
    await section('Why it needs you').getByText('more permissions').waitFor();
    await section('Permissions').getByText('camera').waitFor();
    expect(await section('Files').getByRole('button').allTextContents()).toEqual([
      expect.stringMatching(/^removedgone\.txt/),
      expect.stringMatching(/^changedmanifest\.json/),
      expect.stringMatching(/^addednew\.txt/),
      expect.stringMatching(/^changedscripts\/main\.lua/),
    ]);
    await section('Files')
      .getByRole('button', { name: /main\.lua/ })
      .click();
    const diff = page.getByRole('region', { name: 'scripts/main.lua' });
    await diff.waitFor();
    expect(await diff.locator('tr[data-kind="removed"]').allTextContents()).toEqual(['2−removedprint("two")']);
    expect(await diff.locator('tr[data-kind="added"]').textContent()).toContain('print("2U+202E")');
    expect(await section('Package and signature').getByText('Dora’s new key').count()).toBe(1);
    await section('Package and signature').getByText('another key than before').waitFor();
    await section('Why it needs you').getByText('another signing key').waitFor();
    expect(await page.getByRole('link', { name: LANTERN }).getAttribute('href')).toBe(`/admin/apps/${LANTERN}`);
    expect(await section('Developer').getByRole('link').getAttribute('href')).toBe(
      `/admin/developers/${stage.dora.id}`,
    );
    expect(await section('Checks').getByText('passed', { exact: true }).count()).toBe(5);
    await section('Developer').getByText('2 approvals, 0 rejections').waitFor();

    // A failure stands where it happened, and what is on the page stays.
    await stage.ada.context.setOffline(true);
    await button(stage.ada, 'Claim for 30 minutes').click();
    await page.getByRole('alert').getByText('The server cannot be reached').first().waitFor();
    await stage.ada.context.setOffline(false);
    await button(stage.ada, 'Claim for 30 minutes').click();
    await button(stage.ada, 'Give my claim back').waitFor();
    expect((await stage.story.version(stage.dora, LANTERN, 2)).status).toBe('review');
    await page.keyboard.press('a');
    await page.getByLabel('Notes').fill('Fine.');
    await button(stage.ada, /^Approve$/).click();
    await page.getByText('The developer can publish it now').waitFor();
    await page.getByText('Approved', { exact: true }).waitFor();
    expect(await stage.story.version(stage.dora, LANTERN, 2)).toMatchObject({
      status: 'approved',
      review_notes: 'Fine.',
    });
    await stage.story.publish(stage.dora, LANTERN, 2);
    expect(await stage.story.inStore(LANTERN)).toMatchObject({ latest_version: { version_code: 2 } });
  });

  it('rejects with a prepared answer, which the developer gets', async () => {
    const { page } = stage.ada;
    await stage.openReview(stage.ada, KITE);
    await button(stage.ada, 'Reject …').click();
    await page.getByLabel('Prepared answer').selectOption('permission-not-needed');
    const notes = page.getByLabel('What is wrong, and what to do');
    expect(await notes.inputValue()).toContain('[…]');
    expect(await button(stage.ada, 'Reject for good').isDisabled()).toBe(true);
    await notes.press('Control+Enter');
    expect((await stage.story.version(stage.dora, KITE, 1)).status).toBe('review');
    await notes.fill((await notes.inputValue()).replace('[…]', 'network'));
    await notes.press('Control+Enter');
    await page.getByText('These bytes can never be published.').waitFor();
    expect(await stage.story.version(stage.dora, KITE, 1)).toMatchObject({
      status: 'rejected',
      review_notes: expect.stringContaining('asks for network') as string,
    });
    expect(await stage.story.inStore(KITE)).toBeUndefined();
    await page.getByText(/^\d+ submissions still to decide\.$/).waitFor();
    await page.getByRole('link', { name: /^Next: / }).click();
    await page.getByRole('heading', { level: 1, name: /^(?!Kite)/ }).waitFor();
    await page.goto('/admin/reviews?status=decided&q=kite');
    await page.getByRole('cell', { name: /^rejected by Ada, (just now|\d+ (s|min) ago)$/ }).waitFor();
  });

  it('lets one of two reviewers decide, and tells the other what happened', async () => {
    const [first, second] = await Promise.all([stage.visit(stage.rita), stage.visit(stage.ravi)]);
    for (const each of [first, second]) {
      await stage.openReview(each, RACE);
      await button(each, 'Reject …').click();
      await each.page.getByLabel('What is wrong, and what to do').fill('It never ends.');
    }
    await button(first, 'Reject for good').click();
    await first.page.getByText('Rejected', { exact: true }).waitFor();
    await button(second, 'Reject for good').click();
    await second.page.getByText('This review is rejected already').waitFor();
    // What the slower one wrote is not lost, and who decided is said.
    await second.page.getByText('What you wrote: “It never ends.”').waitFor();
    await second.page.getByText('by Rita').first().waitFor();

    // The other way to meet: a claim.
    await stage.openReview(first, PAGE);
    await button(first, 'Claim for 30 minutes').click();
    await button(first, 'Give my claim back').waitFor();
    await stage.openReview(second, PAGE);
    await second.page.getByText('Rita works on this').waitFor();
    expect(await button(second, 'Approve …').isDisabled()).toBe(true);
    await button(first, 'Give my claim back').click();
    await button(first, 'Claim for 30 minutes').waitFor();
    await stage.browser.leave(second);
    await stage.browser.leave(first);
  });

  it('refuses a decision on what changed since the reviewer looked, and says so', async () => {
    const reader = await stage.visit(stage.rita);
    await stage.openReview(reader, PAGE);
    await button(reader, 'Approve …').click();
    await reader.page.getByLabel('Notes').waitFor();
    await expectOk(stage.dora.client.send('PATCH', `/v1/apps/${PAGE}`, { name: 'Buy now' }));
    await button(reader, /^Approve$/).click();
    await reader.page.getByRole('alert').first().waitFor();
    expect(await stage.story.inStore(PAGE)).toMatchObject({ name: 'Page turner' });
    await stage.browser.leave(reader);
  });

  it('asks for the password when the session ends midway, and goes on where it was', async () => {
    const reader = await stage.visit(stage.ravi);
    const { page, context } = reader;
    await stage.openReview(reader, PAGE);
    await button(reader, 'Reject …').click();
    const notes = page.getByLabel('What is wrong, and what to do');
    await notes.fill('The name is an advertisement.');
    // Ended on the server, as by a new password elsewhere.
    await context.request.post('/v1/auth/logout', { headers: { origin: stage.server.url } });
    await button(reader, 'Reject for good').click();
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
    await dialog.waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await notes.inputValue()).toBe('The name is an advertisement.');
    await button(reader, 'Reject for good').click();
    await page.getByText('The page in the store stays as it was.').waitFor();
    expect(await stage.story.inStore(PAGE)).toMatchObject({ name: 'Page turner' });
    await stage.browser.leave(reader);
  });
}
