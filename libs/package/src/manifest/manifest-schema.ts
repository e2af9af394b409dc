import { z } from 'zod';
import { isPackageId } from './package-id.js';
import { normaliseSemver } from './version-name.js';

/** Text that people read in a store: something visible, no control characters, no characters that reorder it. */
const UNREADABLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Zl}\p{Zp}]/u;

function line(maxCharacters: number) {
  return z
    .string()
    .refine((text) => text.trim() !== '', 'must not be blank')
    .refine((text) => [...text].length <= maxCharacters, `must have at most ${maxCharacters} characters`)
    .refine((text) => !UNREADABLE.test(text), 'must be one line without control characters');
}

const semver = z.string().refine((text) => normaliseSemver(text) !== undefined, 'must be a semantic version, as 1.2.3');
const entryPath = z.string().min(1);
const icon = entryPath.optional();

const webAddress = z
  .string()
  .max(2048)
  .refine((text) => /^https?:\/\/\S+$/i.test(text) && URL.canParse(text), 'must be an http or https address');

const mailAddress = z
  .string()
  .max(254)
  .regex(/^[^\s@<>",;]+@[^\s@<>",;]+$/, 'must be a mail address');

/** DESIGN §5. Keys that are not named here are accepted and left out, so that newer packages stay readable. */
export const manifestSchema = z.object({
  id: z.string().refine(isPackageId, 'must be two or more dotted segments of letters, digits and underscores'),
  name: line(50),
  version: semver,
  version_code: z.int().min(1).max(2147483647),
  entry: entryPath,
  permissions: z
    .array(line(128))
    .max(256)
    .refine((names) => new Set(names).size === names.length, 'must not name a permission twice'),
  min_mosis_version: semver,
  author: z
    .object({ name: line(200).optional(), email: mailAddress.optional(), url: webAddress.optional() })
    .optional(),
  icons: z.object({ '32': icon, '64': icon, '128': icon }).optional(),
  description: z.string().max(10_000).optional(),
  category: line(100).optional(),
  locales: z.union([z.array(line(64)).max(512), z.record(z.string(), z.unknown())]).optional(),
});

/** What a package says about itself, as signed by its developer. */
export type PackageManifest = z.infer<typeof manifestSchema>;
