import { CLIENT_PATHS, type ClientPath } from '../../src/paths';
import { brokenCellsOf, findBarriers, overflowOf, show, turnTo } from '../support/browser.js';
import { expectOk } from '../support/story.js';
import { ADMIN_EMAIL, button, focusedText, rowsOf, WITH_TELEMETRY, type Stage } from '../support/stage.js';

/** Between them they have both schemes, and both forms of everything that is another one on a narrow screen. */
const LOOKS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 360 },
] as const;

/** Between the forms, where room is scarcest. */
const WIDTHS = [1060, 800];

/** Every screen, for everybody. */
export function testAccessibility(stage: Stage): void {
  it('has no barrier on any screen, wide and light, narrow and dark, and nothing beside the window', async () => {
    const reader = await stage.visit({ email: ADMIN_EMAIL });
    const { page } = reader;
    await page.goto('/admin/account');
    for (const path of CLIENT_PATHS) {
      const { address, heading } = await screenOf(path);
      // Whoever opens the address directly gets the page; the test itself turns to it, which is quicker.
      expect([path, (await reader.context.request.get(address)).status()]).toEqual([path, 200]);
      await turnTo(page, address);
      await page.getByRole('heading', { level: 1, name: heading }).waitFor();
      await page.waitForFunction(() => document.querySelector('[data-loading]') === null);
      for (const width of WIDTHS) {
        await show(reader, { width });
        expect([path, width, await overflowOf(page), await brokenCellsOf(page)]).toEqual([path, width, 0, []]);
      }
      for (const look of LOOKS) {
        await show(reader, look);
        expect([path, look, await findBarriers(page), await overflowOf(page)]).toEqual([path, look, [], 0]);
        expect([path, look, await brokenCellsOf(page)]).toEqual([path, look, []]);
      }
    }
    await stage.browser.leave(reader);
  });

  /** An address of a path, with something that is there in place of each `$name` and a few rows in each list; and what its screen is called. */
  async function screenOf(path: ClientPath): Promise<{ address: string; heading: RegExp }> {
    const screens: Record<ClientPath, [address: string, heading: RegExp]> = {
      '/': ['/', /^Queue$/],
      '/reviews': ['/reviews', /^Queue$/],
      '/reviews/$id': [`/reviews/${await anyReview()}`, /, .+\(\d+\)$/],
      '/apps': ['/apps?q=com.example', /^Apps$/],
      '/apps/$packageId': [`/apps/${WITH_TELEMETRY}`, /^Fernhollow Tidechart$/],
      '/apps/$packageId/telemetry': [`/apps/${WITH_TELEMETRY}/telemetry`, /^Telemetry of Fernhollow Tidechart$/],
      '/developers': ['/developers?q=example.com', /^Developers$/],
      '/developers/$id': [`/developers/${stage.dora.id}`, /^Dora/],
      '/audit': [`/audit?subject_kind=developer&subject_id=${stage.dora.id}`, /^Audit log$/],
      '/system': ['/system', /^System$/],
      '/account': ['/account', /^Account$/],
      '/api-keys': ['/api-keys', /^API keys$/],
      '/setup': ['/setup', /^Create the first admin$/],
      '/verify-email': ['/verify-email', /^Verify your e-mail address$/],
      '/reset-password': ['/reset-password', /^Choose a new password$/],
      '/forgot-password': ['/forgot-password', /^Forgot your password/],
    };
    const [address, heading] = screens[path];
    return { address: `/admin${address}`, heading };
  }

  async function anyReview(): Promise<string> {
    const queue = await expectOk(stage.rita.client.get('/v1/admin/reviews?limit=1'));
    return (queue as { items: { id: string }[] }).items[0]!.id;
  }

  it('can be used by the keyboard alone, from the skip link to the end of a decision', async () => {
    const reader = await stage.visit(stage.ravi, { width: 360 });
    const { page } = reader;
    await page.goto('/admin/reviews');
    await rowsOf(reader);
    await page.keyboard.press('Tab');
    expect(await focusedText(reader)).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'main');
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
    await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Approved', { exact: true }).waitFor();
    await stage.browser.leave(reader);
  });
}
