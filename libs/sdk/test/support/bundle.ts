import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { minify, transform } from '@swc/core';

const source = join(import.meta.dirname, '../../src');

/** The JavaScript of one module of the SDK, named from `src/`. */
export async function compiled(name: string): Promise<string> {
  const { code } = await transform(await readFile(join(source, name), 'utf8'), {
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  });
  return code;
}

const IMPORT = /^import\s[^;]*?from\s*'(\.[^']+)\.js';$|^import\s[^;]*?from\s*"(\.[^"]+)\.js";$/gm;

/**
 * What a device loads: the modules that the entries need, each after those that it imports, in one scope, minified.
 * Properties keep their names, as they do with a bundler's defaults.
 */
export async function minifiedBundle(entries: string[], exported: string[]): Promise<string> {
  const modules = new Map<string, string>();
  const add = async (name: string): Promise<void> => {
    if (modules.has(name)) return;
    modules.set(name, '');
    const code = await compiled(name);
    for (const [, single, double] of code.matchAll(IMPORT)) await add(`${join(dirname(name), (single ?? double)!)}.ts`);
    modules.delete(name);
    modules.set(name, code.replace(IMPORT, '').replace(/(^|\*\/ )export (?=const|function|async)/gm, '$1'));
  };
  for (const entry of entries) await add(entry);
  const whole = `${[...modules.values()].join('\n')}\nexport { ${exported.join(', ')} };`;
  const { code } = await minify(whole, { module: true, toplevel: true, mangle: { toplevel: true }, compress: { passes: 4, toplevel: true } }); // prettier-ignore
  return code;
}
