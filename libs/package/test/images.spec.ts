import { PNG } from 'pngjs';
import { forgePackage, honestFiles, jsonFile, manifest, png, refusalOf, verifyBytes } from './package-fixture.js';

const rest = honestFiles().slice(1);
const withIcons = (icons: Record<string, string>, ...files: [string, Buffer][]) =>
  forgePackage([jsonFile({ ...manifest, icons }), ...rest, ...files.map(([name, data]) => ({ name, data }))]);

describe('the icons of a package', () => {
  it('may be missing', async () => {
    const verified = await verifyBytes(forgePackage());
    expect(verified.icon).toBeUndefined();
    expect(verified.checks.at(-1)).toEqual({
      name: 'images',
      status: 'passed',
      detail: 'The manifest names no icon.',
    });
  });

  it('are decoded, and the largest is answered re-encoded', async () => {
    const bytes = withIcons({ 32: 's.png', 128: 'l.png' }, ['s.png', png(32)], ['l.png', png(128)]);
    const { icon, notes, checks } = await verifyBytes(bytes);
    expect(checks.at(-1)?.detail).toBe('2 icons decoded to the last pixel: 32, 128.');
    expect(PNG.sync.read(icon!).data.equals(PNG.sync.read(png(128)).data)).toBe(true);
    expect(notes).toEqual([]);
  });

  it('may have other dimensions or bytes behind them, which a reviewer sees', async () => {
    const tailed = Buffer.concat([png(64, 60), Buffer.from('tail')]);
    const { icon, notes } = await verifyBytes(withIcons({ 32: 'i.png', 64: 'i.png' }, ['i.png', tailed]));
    expect(notes.map(({ code }) => code).sort()).toEqual(['icon-dimensions', 'icon-dimensions', 'icon-trailing-data']);
    expect(icon!.includes('tail')).toBe(false);
  });

  const refused: [string, Buffer][] = [
    ['image-not-png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['image-not-png', Buffer.alloc(0)],
    ['image-dimensions', png(1100, 1)],
    ['image-corrupt', png(32).subarray(0, -5)],
    ['image-too-large', Buffer.concat([png(32), Buffer.alloc(1024 * 1024, 'x')])],
  ];

  it.each(refused)('are refused with %s', async (code, data) => {
    const error = await refusalOf(withIcons({ 64: 'icon.png' }, ['icon.png', data]));
    expect([error.code, error.check, error.path]).toEqual([code, 'images', 'icon.png']);
  });
});
