import { WITH_TELEMETRY, type Stage } from '../support/stage.js';

/** Figures of an app. */
export function testTelemetry(stage: Stage): void {
  it('shows the figures of telemetry that the API gives', async () => {
    const { page } = stage.ada;
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
}
