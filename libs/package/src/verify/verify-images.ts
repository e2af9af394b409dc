import type { Archive } from '../archive/open-archive.js';
import { readWholeEntry } from '../archive/entry-data.js';
import type { Budget } from '../budget.js';
import { readPngHeader, readPngStructure } from '../images/png-structure.js';
import { DEFAULT_IMAGE_LIMITS, reencodePng } from '../images/reencode-png.js';
import type { PackageManifest } from '../manifest/manifest-schema.js';
import { PackageError, quotePath } from '../package-error.js';
import type { PackageNote } from './verified-package.js';

/** Decodes every icon the manifest names; answers the largest one re-encoded, and what a reviewer should know. */
export async function verifyImages(
  archive: Archive,
  icons: PackageManifest['icons'],
  budget: Budget,
): Promise<{ icon?: Buffer; notes: PackageNote[] }> {
  const notes: PackageNote[] = [];
  const encoded = new Map<string, Buffer>();
  let icon: Buffer | undefined;
  for (const size of ['32', '64', '128'] as const) {
    const path = icons?.[size];
    if (path === undefined) continue;
    await budget.spend();
    icon = encoded.get(path) ?? (await readIcon(archive, path, budget, notes));
    encoded.set(path, icon);
    const { width, height } = readPngHeader(icon);
    if (width !== Number(size) || height !== Number(size)) {
      notes.push({
        code: 'icon-dimensions',
        detail: `Icon ${size} (${quotePath(path)}) measures ${width} × ${height}.`,
      });
    }
  }
  return { icon, notes };
}

async function readIcon(archive: Archive, path: string, budget: Budget, notes: PackageNote[]): Promise<Buffer> {
  // readManifest has checked that the file is there.
  const entry = archive.files.get(path)!;
  try {
    if (entry.sizeBytes > DEFAULT_IMAGE_LIMITS.maxBytes) {
      throw new PackageError('image-too-large', `More than ${DEFAULT_IMAGE_LIMITS.maxBytes} bytes.`);
    }
    const bytes = await readWholeEntry(archive.source, entry, budget);
    const icon = await reencodePng(bytes);
    const { trailingBytes } = readPngStructure(bytes);
    if (trailingBytes > 0) {
      notes.push({
        code: 'icon-trailing-data',
        detail: `${trailingBytes} bytes follow the image in ${quotePath(path)}.`,
      });
    }
    return icon;
  } catch (error) {
    if (!(error instanceof PackageError) || error.check !== 'images') throw error;
    throw new PackageError(error.code, `Icon ${quotePath(path)}: ${error.detail}`, { path, cause: error });
  }
}
