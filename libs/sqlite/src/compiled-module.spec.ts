import { compiledModulePath } from './compiled-module.js';

describe('the path of a compiled module', () => {
  it('is the twin under dist for a caller in TypeScript', () => {
    expect(compiledModulePath('file:///home/x/libs/sqlite/src/scan/process.ts', './child.js')).toBe(
      '/home/x/libs/sqlite/dist/scan/child.js',
    );
  });

  it('exchanges the last src only, when the checkout lies under another one', () => {
    expect(compiledModulePath('file:///usr/src/app/libs/sqlite/src/scan/process.ts', './child.js')).toBe(
      '/usr/src/app/libs/sqlite/dist/scan/child.js',
    );
  });

  it('stays beside a compiled caller, also when the checkout lies under a folder called src', () => {
    expect(compiledModulePath('file:///usr/src/app/libs/sqlite/dist/scan/process.js', './child.js')).toBe(
      '/usr/src/app/libs/sqlite/dist/scan/child.js',
    );
  });
});
