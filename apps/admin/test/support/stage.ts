import { DataDirectory, type CommandResult, type ServerProcess } from '../../../api/test/support/server-process.js';
import { signInOverHttp } from '../../../api/test/support/http-client.js';
import { enter, TestBrowser, type Look, type Visitor } from './browser.js';
import { expectOk, PASSWORD, Story, type Account, type Developer } from './story.js';

export const ADMIN_EMAIL = 'first@example.com';
export const LANTERN = 'com.example.lantern';
export const KITE = 'com.example.kite';
export const RACE = 'com.example.race';
export const PAGE = 'com.example.page';
export const LATE = 'com.example.late';
/** Of the demo's catalogue. */
export const WITH_TELEMETRY = 'org.fernhollow.tidechart';
/** Bringing a browser and loading the demo may take minutes on a new machine that is slow or busy. */
export const SET_UP_MS = 600_000;

/** One server, one browser, and the people of the story: shared by the subjects of the test, which follow each other as a day does. */
export class Stage {
  readonly data = new DataDirectory();
  server!: ServerProcess;
  browser!: TestBrowser;
  story!: Story;
  /** The window of the first admin. */
  ada!: Visitor;
  /** Submits what the others review. */
  dora!: Developer;
  rita!: Account;
  ravi!: Account;
  /** A trial restore of the backups that is on its way while other subjects are tested. */
  drill: Promise<CommandResult> | undefined;

  async begin(): Promise<void> {
    const serving = this.data.serve();
    this.browser = await TestBrowser.start(serving.then(({ url }) => url));
    this.server = await serving;
    this.ada = await this.browser.visitor();
  }

  async end(): Promise<void> {
    await this.browser?.stop();
    await this.data.remove();
  }

  /** The demo's catalogue, and five submissions of a developer whose reviews the tests decide. */
  async fill(): Promise<void> {
    const demo = this.data.mosis(['demo', 'load']);
    const admin = await signInOverHttp(this.server.url, ADMIN_EMAIL, PASSWORD);
    const story = (this.story = new Story(this.server.url, admin));
    [this.rita, this.ravi, this.dora] = await Promise.all([
      story.account('Rita', 'reviewer'),
      story.account('Ravi', 'reviewer'),
      story.developer('Dora'),
    ]);
    const { dora, rita } = this;
    const published = async (packageId: string, name: string) => {
      await story.app(dora, packageId, name);
      const files = { 'scripts/main.lua': 'print("one")\nprint("two")\n', 'gone.txt': 'gone' };
      await story.submit(dora, { packageId, name, files });
      await story.approve(rita, packageId);
      await story.publish(dora, packageId, 1);
    };
    await Promise.all([published(LANTERN, 'Lantern'), published(PAGE, 'Page turner')]);
    for (const [packageId, name] of [
      [KITE, 'Kite'],
      [RACE, 'Race'],
      [LATE, 'Latecomer'],
    ] as const) {
      await story.app(dora, packageId, name);
      await story.submit(dora, { packageId, name, permissions: ['network'] });
    }
    const files = { 'scripts/main.lua': 'print("one")\nprint("2\u202e")\n', 'new.txt': 'new' };
    const rekeyed = { ...dora, key: await story.key(dora, 'Dora’s new key') };
    await story.submit(rekeyed, {
      packageId: LANTERN,
      name: 'Lantern',
      versionCode: 2,
      permissions: ['camera'],
      files,
    });
    await expectOk(dora.client.send('PATCH', `/v1/apps/${PAGE}`, { name: 'Page turner II' }));
    expect(await demo).toMatchObject({ code: 0 });
  }

  /** The window of somebody who is signed in already. */
  async visit({ email }: { email: string }, look: Look = {}): Promise<Visitor> {
    const visitor = await this.browser.visitor(look);
    await enter(visitor, email, PASSWORD);
    return visitor;
  }

  /** Opens what waits of an app. */
  async openReview({ page }: Visitor, packageId: string): Promise<void> {
    await page.goto(`/admin/reviews/${await this.story.reviewId(packageId)}`);
  }
}

/** A button of the page, by its name. */
export const button = ({ page }: Visitor, name: string | RegExp) => page.getByRole('button', { name });

/** The rows of the queue by the names of their apps, as soon as one of them is there. */
export async function rowsOf({ page }: Visitor): Promise<string[]> {
  const links = page.locator('[data-review-link]');
  await links.first().waitFor();
  return links.allTextContents();
}

/** What the focused element says. */
export async function focusedText({ page }: Visitor): Promise<string | null | undefined> {
  return page.evaluate(() => document.activeElement?.textContent);
}
