import { rerunChecks } from '../support/checks.js';
import { findBarriers } from '../support/browser.js';
import { expectOk, PASSWORD } from '../support/story.js';
import { button, KITE, LANTERN, LATE, PAGE, RACE, type Stage } from '../support/stage.js';

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
    await diff.locator('tr[data-kind="removed"]').first().waitFor();
    expect(await diff.locator('tr[data-kind="removed"]').allTextContents()).toEqual(['2−removedprint("two")']);
    expect(await diff.locator('tr[data-kind="added"]').textContent()).toContain('print("2U+202E")');
    expect(await section('Package and signature').getByText('Dora’s new key').count()).toBe(1);
    await section('Package and signature').getByText('another key than before').waitFor();
    await section('Why it needs you').getByText('another signing key').waitFor();
    expect(await page.getByRole('link', { name: LANTERN }).getAttribute('href')).toBe(`/admin/apps/${LANTERN}`);
    expect(await section('Developer').getByRole('link').getAttribute('href')).toBe(
      `/admin/developers/${stage.dora.id}`,
    );
    const checks = section('Checks');
    expect(await checks.getByText('passed', { exact: true }).count()).toBe(5);
    await checks.getByText('A registered key has signed the list of 4 files').waitFor();
    await checks.getByText('So that no password or key of somebody is handed to every device.').waitFor();
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
    let decisions = 0;
    page.on('request', (request) => (decisions += request.url().endsWith('/decision') ? 1 : 0));
    await button(stage.ada, /^Approve$/).dblclick();
    await page.getByText('The developer can publish it now').waitFor();
    await page.getByText('Approved', { exact: true }).waitFor();
    expect(decisions).toBe(1);
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
    await reader.page.getByRole('alert').getByText('Your decision was not taken').waitFor();
    await reader.page.getByText('Replaced by a newer change').waitFor();
    await reader.page.getByRole('link', { name: 'Look at what waits now: store page' }).click();
    await reader.page.getByRole('region', { name: 'Store page' }).getByText('Buy now').first().waitFor();
    expect(await stage.story.inStore(PAGE)).toMatchObject({ name: 'Page turner' });
    await stage.browser.leave(reader);
  });

  it('refuses a decision when other bytes wait by then, explains it, keeps the words, and leads to those bytes', async () => {
    const reader = await stage.visit(stage.rita);
    const { page } = reader;
    const { dora } = stage;
    await expectOk(dora.client.post(`/v1/apps/${LATE}/versions/1/submit`));
    await stage.openReview(reader, LATE);
    const section = (name: string) => page.getByRole('region', { name });
    // Of a first version nothing is called a change.
    await section('Files').getByText('there is nothing to compare with').waitFor();
    expect(await section('Files').getByRole('button').allTextContents()).toEqual([
      expect.stringMatching(/^main\.rml/),
      expect.stringMatching(/^manifest\.json/),
    ]);
    await section('Files')
      .getByRole('button', { name: /main\.rml/ })
      .click();
    await page.getByRole('region', { name: 'main.rml' }).waitFor();
    expect(await page.locator('tr[data-kind="added"]').count()).toBe(0);
    await section('Decision').getByText('Optional: a claim keeps the others from deciding meanwhile.').waitFor();
    await section('Decision').getByText('The digest of package and store page together').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Your decision names it and counts for nothing else.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await button(reader, 'Approve …').click();
    await page.getByLabel('Notes').fill('A fine first version.');
    await expectOk(dora.client.post(`/v1/apps/${LATE}/versions/1/withdraw`));
    await stage.story.submit(dora, { packageId: LATE, name: 'Latecomer', versionCode: 2 });
    await button(reader, /^Approve$/).click();
    await page.getByRole('alert').getByText('The developer has changed what is submitted').waitFor();
    await page.getByText('What you wrote: “A fine first version.”').waitFor();
    expect((await stage.story.version(dora, LATE, 1)).status).toBe('draft');
    expect((await stage.story.version(dora, LATE, 2)).status).toBe('review');
    await page.getByRole('link', { name: 'Look at what waits now: 1.0.2 (2)' }).click();
    await page.getByRole('heading', { level: 1, name: 'Latecomer, 1.0.2 (2)' }).waitFor();
    await stage.browser.leave(reader);
  });

  it('shows checks that failed or have not run, on the queue and on the page, and lets nobody approve then', async () => {
    const reader = await stage.visit(stage.rita);
    const { page } = reader;
    rerunChecks(stage, await stage.story.version(stage.dora, LATE, 2), [
      { name: 'images', status: 'queued' },
      {
        name: 'secrets',
        status: 'failed',
        code: 'secret-found',
        detail: 'main.rml (line 1) holds a stripe-key.',
        evidence: [{ path: 'main.rml', line: 1, kind: 'stripe-key' }],
      },
    ]);
    await page.goto(`/admin/reviews?q=${LATE}`);
    await page.getByRole('cell', { name: 'secrets failed' }).waitFor();
    await page.getByRole('link', { name: 'Latecomer' }).click();
    const checks = page.getByRole('region', { name: 'Checks' });
    await checks.getByText('secrets failed').waitFor();
    await checks.getByRole('listitem').filter({ hasText: 'failed' }).getByText('holds a stripe-key').waitFor();
    await checks.getByLabel('Evidence').getByText('path: main.rml · line: 1 · kind: stripe-key').waitFor();
    await checks.getByRole('listitem').filter({ hasText: 'images' }).getByText('queued', { exact: true }).waitFor();
    await page.keyboard.press('a');
    await button(reader, /^Approve$/).click();
    await page.getByRole('alert').getByText('These checks have not passed for this package').waitFor();
    expect((await stage.story.version(stage.dora, LATE, 2)).status).toBe('review');
    await button(reader, 'Reject …').click();
    await page.getByLabel('What is wrong, and what to do').fill('Take the key out of main.rml and revoke it.');
    await button(reader, 'Reject for good').click();
    await page.getByText('Rejected', { exact: true }).waitFor();
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
