import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatMeasured } from '../../src/screens/system/drill-words';
import type { System } from '../../src/api/schema';
import type { Stage } from '../support/stage.js';

const VERIFY = ['backup', 'verify'];

/** Backups that nobody has restored yet. Ends with a trial restore on its way that has to fail: a copy of an object is gone. */
export function testUntriedBackups(stage: Stage): void {
  it('says that the backups were never restored, and what does it', async () => {
    const { page } = stage.ada;
    await page.goto('/admin/system');
    const section = page.getByRole('region', { name: 'Last trial restore' });
    await section.getByText('never tried').waitFor();
    await section.getByText('mosis backup verify').waitFor();
    await page
      .getByRole('region', { name: 'Backups' })
      .getByRole('cell', { name: 'telemetry.db' })
      .or(page.getByText('telemetry.db', { exact: true }))
      .first()
      .waitFor();

    const copies = join(stage.data.path, 'backups');
    const [copy] = readdirSync(copies, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mosis'));
    rmSync(join(copies, copy ?? 'no copy of a package'));
    stage.drill = stage.data.mosis(VERIFY);
  });
}

/** What came of it. */
export function testFailedDrill(stage: Stage): void {
  it('shows the last trial restore as the API tells it: that it failed, why, when, RPO and RTO', async () => {
    expect((await stage.drill)?.code).not.toBe(0);
    const { page } = stage.ada;
    const answered = page.waitForResponse((answer) => answer.url().endsWith('/v1/admin/system'));
    await page.goto('/admin/system');
    const { backup } = (await (await answered).json()) as System;
    const drill = backup!.last_drill!;
    expect(drill.state).toBe('failed');
    const section = page.getByRole('region', { name: 'Last trial restore' });
    await section.getByText('failed', { exact: true }).waitFor();
    expect(await section.getByRole('listitem').allTextContents()).toEqual(drill.failures);
    const shown = async (name: string) =>
      section
        .locator('div', { has: page.getByText(name, { exact: true }) })
        .last()
        .locator('dd');
    expect(await (await shown('Lost at worst (RPO)')).textContent()).toBe(formatMeasured(drill.rpo_seconds));
    expect(await (await shown('Back in (RTO)')).textContent()).toBe(formatMeasured(drill.rto_seconds));
    expect(await (await shown('Ended')).locator('time').getAttribute('datetime')).toBe(drill.finished_at);
    // The sentence about what is wrong says it too.
    await page.getByText('backup-drill-failed').waitFor();
  });
}

/** A server that is away while somebody looks. */
export function testServerAway(stage: Stage): void {
  it('stays usable while the server is away: screens not read before, and figures that are old by then', async () => {
    const { page, context } = stage.ada;
    await page.goto('/admin/system');
    await page.getByText('Read anew every').waitFor();
    // Routes leave the browser's cache out, which may have the screen of a visit before.
    const away = /\/admin\/assets\/|\/healthz$/;
    await page.route(away, (route) => route.abort('internetdisconnected'));
    await page.getByRole('link', { name: 'Developers', exact: true }).click();
    await page.getByRole('alert').getByText('The server cannot be reached').waitFor();
    await page.unroute(away);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Developers', exact: true }).waitFor();

    await page.getByRole('link', { name: 'System', exact: true }).click();
    await page.getByText('Read anew every').waitFor();
    await context.setOffline(true);
    await page.getByText('it does not answer now').waitFor();
    await page.getByRole('alert').getByText('The server cannot be reached').waitFor();
    expect(await page.getByText('Nothing is wrong').count()).toBe(0);
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Read anew every').waitFor();
  });
}
