import { PackageError } from '../package-error.js';
import { manifestSchema, type PackageManifest } from './manifest-schema.js';
import { parseStrictJson } from './strict-json.js';

export const MANIFEST_PATH = 'manifest.json';

/** A manifest, and the top-level keys it carries that this version knows nothing about. */
export interface ReadManifest {
  manifest: PackageManifest;
  unknownKeys: string[];
}

/** Parses and validates manifest.json, and checks that the files it names are there. */
export function readManifest(bytes: Buffer, isFile: (path: string) => boolean): ReadManifest {
  const document = parseStrictJson(bytes);
  const result = manifestSchema.safeParse(document);
  if (!result.success) {
    const evidence = result.error.issues.slice(0, 20).map((issue) => ({
      path: MANIFEST_PATH,
      pointer: issue.path.map((key) => `/${String(key)}`).join(''),
      detail: issue.message,
    }));
    const first = evidence[0];
    throw new PackageError('manifest-invalid', `manifest.json: ${first?.pointer || '/'} ${first?.detail}`, {
      path: MANIFEST_PATH,
      evidence,
    });
  }
  const manifest = result.data;
  if (!isFile(manifest.entry)) {
    throw new PackageError('manifest-entry-missing', 'The "entry" of manifest.json names no file of the package.', {
      path: MANIFEST_PATH,
      evidence: [{ path: MANIFEST_PATH, pointer: '/entry' }],
    });
  }
  for (const [size, path] of Object.entries(manifest.icons ?? {})) {
    if (path === undefined || isFile(path)) continue;
    throw new PackageError('manifest-icon-missing', `Icon ${size} of manifest.json names no file of the package.`, {
      path: MANIFEST_PATH,
      evidence: [{ path: MANIFEST_PATH, pointer: `/icons/${size}` }],
    });
  }
  const known = new Set(Object.keys(manifestSchema.shape));
  const unknownKeys = Object.keys(document as object).filter((key) => !known.has(key));
  return { manifest, unknownKeys };
}
