import { createHash, createPrivateKey } from 'node:crypto';
import { buildPackageFromEntries, type PackageManifest } from '@mosis/package';
import { PNG } from 'pngjs';
import type { CatalogueApp } from './catalogue.js';

const ICON_SIDE = 128;

/** Builds a small but whole signed package for one version of a catalogue's app. */
export async function buildDemoPackage(
  app: CatalogueApp,
  version: { code: number; name: string },
  displayName: string,
  privateKeyPem: string,
): Promise<Buffer> {
  const manifest: PackageManifest = {
    id: app.package_id,
    name: displayName,
    version: version.name,
    version_code: version.code,
    entry: 'assets/main.rml',
    permissions: app.permissions ?? [],
    min_mosis_version: '1.0.0',
    icons: { '128': 'icons/icon-128.png' },
    description: (app.summary ?? '').slice(0, 500),
  };
  const text = (content: string) => Buffer.from(content, 'utf8');
  return buildPackageFromEntries(
    [
      { path: 'manifest.json', data: text(`${JSON.stringify(manifest, null, 2)}\n`) },
      { path: 'assets/main.rml', data: text(screen(displayName, app.summary ?? '', version.name)) },
      {
        path: 'assets/scripts/main.lua',
        data: text(`-- ${app.package_id} ${version.name}\nreturn { version_code = ${version.code} }\n`),
      },
      { path: 'assets/styles/main.rcss', data: text('body { font-family: sans-serif; margin: 16dp; }\n') },
      { path: 'icons/icon-128.png', data: drawIcon(app.package_id) },
    ],
    createPrivateKey(privateKeyPem),
    // The upload verifies it like any other.
    { validate: false },
  );
}

function screen(title: string, summary: string, version: string): string {
  const escape = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<rml>\n  <head>\n    <title>${escape(title)}</title>\n    <link type="text/rcss" href="styles/main.rcss"/>\n  </head>\n  <body>\n    <h1>${escape(title)}</h1>\n    <p>${escape(summary)}</p>\n    <p>${escape(version)}</p>\n  </body>\n</rml>\n`;
}

/** An icon of an app's own: a mirrored pattern and a colour, both from the digest of its package id. */
export function drawIcon(packageId: string): Buffer {
  const digest = createHash('sha256').update(packageId).digest();
  const [red, green, blue] = hueToRgb((digest[0] ?? 0) / 256);
  const png = new PNG({ width: ICON_SIDE, height: ICON_SIDE });
  const cell = ICON_SIDE / 8;
  for (let y = 0; y < ICON_SIDE; y += 1) {
    for (let x = 0; x < ICON_SIDE; x += 1) {
      const column = Math.floor(x / cell);
      const row = Math.floor(y / cell);
      const mirrored = column < 4 ? column : 7 - column;
      const inside = column > 0 && column < 7 && row > 0 && row < 7;
      const lit = inside && ((digest[1 + row] ?? 0) >> mirrored) % 2 === 1;
      const at = (y * ICON_SIDE + x) * 4;
      png.data.set(lit ? [255, 255, 255, 255] : [red, green, blue, 255], at);
    }
  }
  // Flat colours need no row filters, and choosing them row by row is most of what encoding costs.
  return PNG.sync.write(png, { filterType: 0, colorType: 2, inputHasAlpha: true });
}

function hueToRgb(hue: number): [number, number, number] {
  const channel = (shift: number) => {
    const position = (hue * 6 + shift) % 6;
    return Math.round(60 + 120 * Math.max(0, Math.min(1, Math.abs(position - 3) - 1)));
  };
  return [channel(0), channel(4), channel(2)];
}
