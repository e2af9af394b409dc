import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
/** What the first load of the queue may bring of JavaScript, packed by gzip. */
const LIMIT_BYTES = 200_000;

describe('the size of the console', () => {
  const names = readdirSync(`${DIST}assets`).filter((name) => name.endsWith('.js'));
  const page = readFileSync(`${DIST}index.html`, 'utf8');
  const packedBytes = (name: string) => statSync(`${DIST}assets/${name}.gz`).size;

  /** A file and all that it needs before it runs. */
  function withImports(name: string, found = new Set<string>()): Set<string> {
    if (found.has(name)) return found;
    found.add(name);
    const code = readFileSync(`${DIST}assets/${name}`, 'utf8');
    for (const [, next = ''] of code.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) withImports(next, found);
    return found;
  }
  const ofPage = [...page.matchAll(/\/admin\/assets\/([^"]+\.js)"/g)].map(([, name = '']) => name);
  const chunkOf = (screen: string) => names.find((name) => name.startsWith(`${screen}-`)) ?? '';

  it('stays under 200 KB of packed JavaScript for the first load of the queue', () => {
    const needed = new Set([...ofPage, chunkOf('QueueScreen')].flatMap((name) => [...withImports(name)]));
    expect(needed.size).toBeGreaterThan(3);
    const total = [...needed].reduce((sum, name) => sum + packedBytes(name), 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(LIMIT_BYTES);
  });

  it('has a file of its own for each screen, which the first load does not bring', () => {
    const first = new Set(ofPage.flatMap((name) => [...withImports(name)]));
    for (const screen of ['QueueScreen', 'ReviewScreen', 'FileView', 'AccountScreen', 'ApiKeysScreen']) {
      expect(chunkOf(screen)).not.toBe('');
      expect([screen, first.has(chunkOf(screen))]).toEqual([screen, false]);
    }
  });
});
