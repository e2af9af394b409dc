import { PackageError, quotePath } from '../package-error.js';

export const META_INF = 'META-INF/';
export const SIGNED_LIST_PATH = 'META-INF/MANIFEST.MF';
export const SIGNATURE_PATH = 'META-INF/CERT.SIG';

const VERSION_LINE = 'Manifest-Version: 1.0';
const NAME = 'Name: ';
const DIGEST = 'SHA-256-Digest: ';
const DIGEST_BYTES = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses MANIFEST.MF into path → SHA-256; throws `manifest-mf-malformed` for everything outside its small grammar. */
export function parseSignedList(bytes: Buffer): Map<string, Buffer> {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw malformed('is not UTF-8', { cause });
  }
  // One kind of line end throughout: a lone CR or LF in the other kind would let readers count lines differently.
  const isCrlf = text.startsWith(`${VERSION_LINE}\r\n`);
  const lines = text.split(isCrlf ? '\r\n' : '\n');
  if (lines.some((line) => /[\r\n\0]/.test(line))) throw malformed('mixes line ends');
  if (lines[0] !== VERSION_LINE) throw malformed(`does not begin with "${VERSION_LINE}"`);
  if (lines[1] !== '') throw malformed('has no empty line after its first');
  if (lines.at(-1) !== '') throw malformed('does not end with a line end');
  const digests = new Map<string, Buffer>();
  for (let index = 2; index < lines.length - 1; index += 3) {
    const [name, digest, blank] = [lines[index]!, lines[index + 1], lines[index + 2]];
    if (!name.startsWith(NAME)) throw malformed(`line ${index + 1} should begin with "${NAME}"`);
    if (!digest?.startsWith(DIGEST)) throw malformed(`line ${index + 2} should begin with "${DIGEST}"`);
    if (blank !== '' || index + 3 > lines.length - 1) throw malformed(`line ${index + 3} should be an empty line`);
    const path = name.slice(NAME.length);
    if (path === '' || path.startsWith(META_INF)) throw malformed(`line ${index + 1} names a file it cannot list`);
    if (digests.has(path)) {
      throw new PackageError('entry-listed-twice', `MANIFEST.MF lists ${quotePath(path)} twice.`, { path });
    }
    digests.set(path, parseDigest(digest.slice(DIGEST.length), index + 2));
  }
  return digests;
}

/** Writes MANIFEST.MF for these digests in the order given. */
export function formatSignedList(digests: Iterable<[path: string, sha256: Buffer]>): Buffer {
  let text = `${VERSION_LINE}\n\n`;
  for (const [path, sha256] of digests) text += `${NAME}${path}\n${DIGEST}${sha256.toString('base64')}\n\n`;
  return Buffer.from(text);
}

function parseDigest(text: string, line: number): Buffer {
  const digest = Buffer.from(text, 'base64');
  if (digest.length !== DIGEST_BYTES || digest.toString('base64') !== text) {
    throw malformed(`line ${line} holds no SHA-256 in canonical base64`);
  }
  return digest;
}

function malformed(why: string, facts: { cause?: unknown } = {}): PackageError {
  return new PackageError('manifest-mf-malformed', `META-INF/MANIFEST.MF ${why}.`, {
    path: SIGNED_LIST_PATH,
    ...facts,
  });
}
