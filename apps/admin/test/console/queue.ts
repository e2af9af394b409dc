import { findBarriers, turnTo } from '../support/browser.js';
import { expectOk } from '../support/story.js';
import { button, focusedText, LATE, rowsOf, SET_UP_MS, type Stage } from '../support/stage.js';

/** What waits, and moving through it. */
export function testQueue(stage: Stage): void {
  it(
    'shows what waits, oldest due first, and finds it by name, by kind and by keys',
    async () => {
      await stage.fill();
      const { page } = stage.ada;
      await page.reload();
      await rowsOf(stage.ada);
      await page.getByText(/^\d+ submissions wait, none overdue/).waitFor();
      await page.getByRole('searchbox').fill('com.example');
      await page.waitForURL(/q=com\.example/);
      await page.getByRole('link', { name: 'Lantern' }).waitFor();
      await page.waitForFunction(() => document.querySelectorAll('[data-review-link]').length === 5);
      expect(await rowsOf(stage.ada)).toEqual(['Kite', 'Race', 'Latecomer', 'Lantern', 'Page turner']);
      await page.getByRole('searchbox').fill('example.la');
      await page.waitForURL(/q=example\.la/);
      await page.getByRole('link', { name: 'Kite' }).waitFor({ state: 'detached' });
      expect(await rowsOf(stage.ada)).toEqual(['Latecomer', 'Lantern']);
      await page.getByLabel('Kind').selectOption('listing');
      await page.getByText('No submission is like this').waitFor();
      await page.goto('/admin/reviews?kind=listing');
      expect(await rowsOf(stage.ada)).toEqual(['Page turner']);
      await page.getByRole('cell', { name: 'other name' }).waitFor();
      await page.getByRole('cell', { name: 'in 2 d 23 h' }).waitFor();

      await page.goto('/admin/reviews?q=com.example');
      await rowsOf(stage.ada);
      for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
      expect(await focusedText(stage.ada)).toBe('Race');
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
    const { page } = stage.ada;
    await rowsOf(stage.ada);
    await page.getByRole('link', { name: 'Latecomer' }).focus();
    await expectOk(stage.dora.client.post(`/v1/apps/${LATE}/versions/1/withdraw`));
    // It reads the queue anew when the window is looked at again, and every 15 seconds.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true })));
    await page.getByRole('link', { name: 'Latecomer' }).waitFor({ state: 'detached', timeout: 30_000 });
    await page.keyboard.press('j');
    expect(await focusedText(stage.ada)).toBe('Lantern');
  });

  it('has the shape of what comes while it loads, and says what to do when nothing comes', async () => {
    const reader = await stage.visit(stage.rita);
    const { page, context } = reader;
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const isQueue = (url: URL) => url.pathname === '/v1/admin/reviews';
    await page.route(isQueue, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto('/admin/reviews');
    const loading = page.getByRole('status').filter({ hasText: 'Loading …' });
    await loading.waitFor();
    expect(await loading.locator('[class*="Skeleton"]').count()).toBeGreaterThan(3);
    await page.getByRole('heading', { level: 1, name: 'Queue' }).waitFor();
    expect(await page.locator('[data-review-link]').count()).toBe(0);
    expect(await findBarriers(page)).toEqual([]);
    letGo();
    await rowsOf(reader);
    expect(await loading.count()).toBe(0);
    await page.unroute(isQueue);

    await context.setOffline(true);
    await turnTo(page, '/admin/reviews?q=lantern');
    await page.getByRole('alert').getByText('The server cannot be reached').first().waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await context.setOffline(false);
    await button(reader, 'Try again').first().click();
    await page.getByRole('link', { name: 'Lantern' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await stage.browser.leave(reader);
  });
}
