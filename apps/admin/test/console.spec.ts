import { DataDirectory, type ServerProcess } from '../../api/test/support/server-process.js';
import { signInOverHttp } from '../../api/test/support/http-client.js';
import { CLIENT_PATHS } from '../src/paths';
import { enter, findBarriers, overflowOf, TestBrowser, type Visitor } from './support/browser.js';
import { expectOk, PASSWORD, Story, type Account, type Developer } from './support/story.js';

const LANTERN = 'com.example.lantern';
const KITE = 'com.example.kite';
const RACE = 'com.example.race';
const PAGE = 'com.example.page';
const LATE = 'com.example.late';
/** Of the demo's catalogue. */
const WITH_TELEMETRY = 'org.fernhollow.tidechart';
const ADMIN_EMAIL = 'first@example.com';
/** Bringing a browser and loading the demo may take minutes on a new machine that is slow or busy. */
const SET_UP_MS = 600_000;

describe('the console in a browser', () => {
  const data = new DataDirectory();
  let server: ServerProcess;
  let browser: TestBrowser;
  let story: Story;
  let dora: Developer;
  let rita: Account;
  let ravi: Account;
  let visitor: Visitor;

  beforeAll(async () => {
    server = await data.serve();
    browser = await TestBrowser.start(server.url);
  }, SET_UP_MS);
  afterAll(async () => {
    await browser?.stop();
    await data.remove();
  });

  /** The rows of the queue by the names of their apps, as soon as one of them is there. */
  const rows = async ({ page }: Visitor) => {
    const links = page.locator('[data-review-link]');
    await links.first().waitFor();
    return links.allTextContents();
  };
  const open = async ({ page }: Visitor, packageId: string) =>
    page.goto(`/admin/reviews/${await story.reviewId(packageId)}`);
  const button = ({ page }: Visitor, name: string | RegExp) => page.getByRole('button', { name });

  it('creates the first admin by the link of the log, and signs in', async () => {
    visitor = await browser.visitor();
    const { page } = visitor;
    // The port of the link is the one of the settings, and this server took any that was free.
    const [link = ''] = /\/admin\/setup#token=\w+/.exec(server.log) ?? [];
    await page.goto(link);
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('E-mail address').fill(ADMIN_EMAIL);
    await page.getByLabel('New password').fill('short');
    await button(visitor, 'Create admin').click();
    // The browser itself refuses what is too short; nothing was sent.
    await page.getByLabel('New password').fill(PASSWORD);
    await button(visitor, 'Create admin').click();
    await page.getByText('The admin account is there.').waitFor();
    expect(page.url()).not.toContain('token');

    await page.getByRole('link', { name: 'To the sign-in' }).click();
    await page.getByLabel('E-mail address').fill(ADMIN_EMAIL);
    await page.getByLabel('Password', { exact: true }).fill('not this one');
    await button(visitor, 'Sign in').click();
    await page.getByRole('alert').getByText('E-mail or password is wrong').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await button(visitor, 'Sign in').click();
    await page.getByRole('heading', { name: 'Queue' }).waitFor();
    await page.getByText('Every submission is decided.').waitFor();
    expect(page.url()).toBe(`${server.url}/admin/reviews`);
  });

  it(
    'shows what waits, oldest due first, and finds it by name, by kind and by keys',
    async () => {
      // The demo's catalogue, and five submissions of a developer whose reviews the tests below decide.
      expect(await data.mosis(['demo', 'load'])).toMatchObject({ code: 0 });
      const admin = await signInOverHttp(server.url, ADMIN_EMAIL, PASSWORD);
      story = new Story(server.url, admin);
      rita = await story.account('Rita', 'reviewer');
      ravi = await story.account('Ravi', 'reviewer');
      dora = await story.developer('Dora');
      for (const [packageId, name] of [
        [LANTERN, 'Lantern'],
        [PAGE, 'Page turner'],
      ] as const) {
        await story.app(dora, packageId, name);
        const files = { 'scripts/main.lua': 'print("one")\nprint("two")\n', 'gone.txt': 'gone' };
        await story.submit(dora, { packageId, name, files });
        await story.approve(rita, packageId);
        await story.publish(dora, packageId, 1);
      }
      for (const [packageId, name] of [
        [KITE, 'Kite'],
        [RACE, 'Race'],
        [LATE, 'Latecomer'],
      ] as const) {
        await story.app(dora, packageId, name);
        await story.submit(dora, { packageId, name, permissions: ['network'] });
      }
      const files = { 'scripts/main.lua': 'print("one")\nprint("2\u202e")\n', 'new.txt': 'new' };
      await story.submit(dora, { packageId: LANTERN, name: 'Lantern', versionCode: 2, permissions: ['camera'], files });
      await expectOk(dora.client.send('PATCH', `/v1/apps/${PAGE}`, { name: 'Page turner II' }));

      const { page } = visitor;
      await page.reload();
      const waiting = await rows(visitor);
      expect(waiting.slice(-5)).toEqual(['Kite', 'Race', 'Latecomer', 'Lantern', 'Page turner']);
      expect(await page.getByText(/^\d+ submissions wait, none overdue/).count()).toBe(1);
      await page.getByRole('searchbox').fill('example.la');
      await page.waitForURL(/q=example\.la/);
      await page.getByRole('link', { name: 'Kite' }).waitFor({ state: 'detached' });
      expect(await rows(visitor)).toEqual(['Latecomer', 'Lantern']);
      await page.getByLabel('Kind').selectOption('listing');
      await page.getByText('No submission is like this').waitFor();
      await page.goto('/admin/reviews?kind=listing');
      expect(await rows(visitor)).toEqual(['Page turner']);

      await page.goto('/admin/reviews?q=com.example');
      await rows(visitor);
      for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Race');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys of this screen' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.keyboard.press('r');
      await page.getByRole('heading', { name: /^Race, 1\.0\.1/ }).waitFor();
      await page.getByLabel('What is wrong, and what to do').waitFor();
      // A letter is a letter where somebody writes.
      await page.keyboard.type('jar');
      expect(await page.getByLabel('What is wrong, and what to do').inputValue()).toBe('jar');
      await page.goBack();
      expect(page.url()).toContain('q=com.example');
    },
    SET_UP_MS,
  );

  it('keeps the place while the queue changes by itself', async () => {
    const { page } = visitor;
    await rows(visitor);
    await page.getByRole('link', { name: 'Latecomer' }).focus();
    await expectOk(dora.client.post(`/v1/apps/${LATE}/versions/1/withdraw`));
    // It reads the queue anew when the window is looked at again, and every 15 seconds.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await page.getByRole('link', { name: 'Latecomer' }).waitFor({ state: 'detached', timeout: 30_000 });
    await page.keyboard.press('j');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Lantern');
  });

  it('shows all there is to decide on, approves, and the store changes', async () => {
    const { page } = visitor;
    await open(visitor, LANTERN);
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
    expect(await section('Package and signature').getByText('Dora’s key').count()).toBe(1);
    expect(await section('Checks').getByText('passed', { exact: true }).count()).toBe(5);
    await section('Developer').getByText('2 approvals, 0 rejections').waitFor();

    await button(visitor, 'Claim for 30 minutes').click();
    await button(visitor, 'Give my claim back').waitFor();
    expect((await story.version(dora, LANTERN, 2)).status).toBe('review');
    await page.keyboard.press('a');
    await page.getByLabel('Notes').fill('Fine.');
    await button(visitor, /^Approve$/).click();
    await page.getByText('The developer can publish it now').waitFor();
    await page.getByText('Approved', { exact: true }).waitFor();
    expect(await story.version(dora, LANTERN, 2)).toMatchObject({ status: 'approved', review_notes: 'Fine.' });
    await story.publish(dora, LANTERN, 2);
    expect(await story.inStore(LANTERN)).toMatchObject({ latest_version: { version_code: 2 } });
  });

  it('rejects with a prepared answer, which the developer gets', async () => {
    const { page } = visitor;
    await open(visitor, KITE);
    await button(visitor, 'Reject …').click();
    await page.getByLabel('Prepared answer').selectOption('permission-not-needed');
    const notes = page.getByLabel('What is wrong, and what to do');
    expect(await notes.inputValue()).toContain('[…]');
    expect(await button(visitor, 'Reject for good').isDisabled()).toBe(true);
    await notes.fill((await notes.inputValue()).replace('[…]', 'network'));
    await button(visitor, 'Reject for good').click();
    await page.getByText('These bytes can never be published.').waitFor();
    expect(await story.version(dora, KITE, 1)).toMatchObject({
      status: 'rejected',
      review_notes: expect.stringContaining('asks for network') as string,
    });
    expect(await story.inStore(KITE)).toBeUndefined();
    await page.getByRole('link', { name: /^Next: / }).click();
    await page.getByRole('heading', { level: 1, name: /^(?!Kite)/ }).waitFor();
  });

  it('lets one of two reviewers decide, and tells the other what happened', async () => {
    const [first, second] = [await browser.visitor(), await browser.visitor()];
    await enter(first, rita.email, PASSWORD);
    await enter(second, ravi.email, PASSWORD);
    for (const each of [first, second]) {
      await open(each, RACE);
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
    await open(first, PAGE);
    await button(first, 'Claim for 30 minutes').click();
    await button(first, 'Give my claim back').waitFor();
    await open(second, PAGE);
    await second.page.getByText('Rita works on this').waitFor();
    expect(await button(second, 'Approve …').isDisabled()).toBe(true);
    await button(first, 'Give my claim back').click();
    await button(first, 'Claim for 30 minutes').waitFor();
    await second.context.close();
    await first.context.close();
  });

  it('refuses a decision on what changed since the reviewer looked, and says so', async () => {
    const reader = await browser.visitor();
    await enter(reader, rita.email, PASSWORD);
    await open(reader, PAGE);
    await button(reader, 'Approve …').click();
    await reader.page.getByLabel('Notes').waitFor();
    await expectOk(dora.client.send('PATCH', `/v1/apps/${PAGE}`, { name: 'Buy now' }));
    await button(reader, /^Approve$/).click();
    await reader.page.getByRole('alert').first().waitFor();
    expect(await story.inStore(PAGE)).toMatchObject({ name: 'Page turner' });
    await reader.context.close();
  });

  it('asks for the password when the session ends midway, and goes on where it was', async () => {
    const reader = await browser.visitor();
    const { page, context } = reader;
    await enter(reader, ravi.email, PASSWORD);
    await open(reader, PAGE);
    await button(reader, 'Reject …').click();
    const notes = page.getByLabel('What is wrong, and what to do');
    await notes.fill('The name is an advertisement.');
    // Ended on the server, as by a new password elsewhere.
    await context.request.post('/v1/auth/logout', { headers: { origin: server.url } });
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
    expect(await story.inStore(PAGE)).toMatchObject({ name: 'Page turner' });
    await context.close();
  });

  it('shows its own keys and account, and tells a developer what is not for them', async () => {
    const { page } = visitor;
    await page.goto('/admin/api-keys');
    await button(visitor, 'New key').click();
    await page.getByRole('dialog').getByLabel('Name').fill('CI');
    expect(await findBarriers(page)).toEqual([]);
    await button(visitor, 'Create key').click();
    await page.getByText(/^mk_live_\w{46}$/).waitFor();
    await button(visitor, 'I have copied it').click();
    await button(visitor, 'Revoke CI …').click();
    await button(visitor, 'Revoke CI now').click();
    await page.getByText('revoked', { exact: true }).waitFor();

    const developer = await browser.visitor();
    await enter(developer, dora.email, PASSWORD);
    await developer.page.goto('/admin/');
    await developer.page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    await developer.page.getByLabel('Name').fill('Dora D.');
    await button(developer, 'Save name').click();
    await developer.page.getByText('Your name is changed.').waitFor();
    await developer.page.goto('/admin/reviews');
    await developer.page.getByText('This is not for your account').waitFor();
    expect(await findBarriers(developer.page)).toEqual([]);
    await developer.context.close();
  });

  it('finds an app while somebody types, suspends it with a reason, and restores it', async () => {
    const { page } = visitor;
    await page.goto('/admin/apps');
    await page.getByRole('searchbox').fill('com.example.lant');
    await page.waitForURL(/q=com\.example\.lant/);
    await page.getByRole('link', { name: 'Lantern', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: /Lantern/ }).waitFor();
    await button(visitor, 'Suspend …').click();
    const dialog = page.getByRole('dialog', { name: 'Suspend Lantern' });
    await dialog.getByLabel('Reason').fill('Reported by users.');
    await dialog.getByRole('button', { name: 'Suspend it' }).click();
    await page.getByText('Suspended: not in the store', { exact: false }).waitFor();
    expect(await story.inStore(LANTERN)).toBeUndefined();
    await button(visitor, 'Lift the suspension').click();
    await button(visitor, 'Suspend …').waitFor();
    expect(await story.inStore(LANTERN)).toMatchObject({ latest_version: { version_code: 2 } });
  });

  it('shows the figures of telemetry that the API gives', async () => {
    const { page } = visitor;
    const answered = page.waitForResponse((answer) => answer.url().includes('/telemetry/overview'));
    await page.goto(`/admin/apps/${WITH_TELEMETRY}/telemetry`);
    const { totals } = (await (await answered).json()) as { totals: Record<'devices' | 'sessions' | 'events', number> };
    expect(totals.events).toBeGreaterThan(0);
    const section = page.getByRole('region', { name: 'In all' });
    for (const [name, label] of [
      ['devices', 'Devices'],
      ['sessions', 'Sessions'],
      ['events', 'Events'],
    ] as const) {
      const figure = section.locator('div', { has: page.getByText(label, { exact: true }) }).last();
      expect(await figure.locator('dd').textContent()).toMatch(new RegExp(`^${totals[name].toLocaleString('en')} `));
    }
  });

  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('has no barrier on any screen, %s at %d px, and nothing beside the window', async (scheme, width) => {
    const reader = await browser.visitor({ scheme, width });
    await enter(reader, ADMIN_EMAIL, PASSWORD);
    const { page } = reader;
    for (const path of CLIENT_PATHS) {
      await page.goto(`/admin${await addressOf(path)}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForFunction(() => document.querySelector('[data-loading]') === null);
      expect([path, await findBarriers(page), await overflowOf(page)]).toEqual([path, [], 0]);
    }
    await reader.context.close();
  });

  /** An address of a path, with something that is there in place of each `$name`. */
  async function addressOf(path: string): Promise<string> {
    const found: Record<string, () => Promise<string> | string> = {
      '/reviews/$id': anyReview,
      '/apps/$packageId': () => WITH_TELEMETRY,
      '/apps/$packageId/telemetry': () => WITH_TELEMETRY,
      '/developers/$id': () => dora.id,
    };
    const fill = found[path];
    if (!path.includes('$')) return path;
    if (!fill) throw new Error(`Say in this test what stands for the name in ${path}.`);
    return path.replace(/\$\w+/, await fill());
  }

  async function anyReview(): Promise<string> {
    const queue = await expectOk(rita.client.get('/v1/admin/reviews?limit=1'));
    return (queue as { items: { id: string }[] }).items[0]!.id;
  }

  it('can be used by the keyboard alone, from the skip link to the end of a decision', async () => {
    const reader = await browser.visitor({ width: 360 });
    await enter(reader, ravi.email, PASSWORD);
    const { page } = reader;
    await page.goto('/admin/reviews');
    await rows(reader);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
    await page.keyboard.press('Shift+Tab');
    // The menu of a narrow window opens and closes by the keyboard as well.
    await button(reader, 'Open navigation').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'API keys' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Decision' }).waitFor();
    await page.keyboard.press('a');
    await page.getByLabel('Notes').waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Approved', { exact: true }).waitFor();
    await reader.context.close();
  });

  it('did all that without an error of its own, a stranger’s address, or a refusal that nobody expected', () => {
    const { faults, strangers, refusals } = browser.findings;
    expect({ faults, strangers }).toEqual({ faults: [], strangers: [] });
    // A page whose session has ended may read anew before the dialog is answered.
    const unexpected = refusals.filter((refusal) => !/^GET \/v1\/admin\/.* 401$/.test(refusal));
    expect([...new Set(unexpected)].sort()).toEqual([
      'GET /v1/admin/reviews 403',
      'GET /v1/admin/reviews/summary 403',
      'GET /v1/me 401',
      'POST /v1/admin/reviews/{id}/decision 401',
      'POST /v1/admin/reviews/{id}/decision 409',
      'POST /v1/auth/login 401',
    ]);
  });
});
