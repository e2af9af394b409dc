import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { createProgram } from '../../apps/api/src/cli/program.js';
import { PROBLEMS } from '../../apps/api/src/common/problems.js';
import { settingFields } from '../../apps/api/src/config/settings.js';
import { root } from '../lib/workspace.mjs';

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
/** Folders of the repository: a path in a code span that begins with one must exist. */
const OUR_PATH = /^(?:apps|libs|migrations|tools|docs)\/[\w./-]+$/;
/** A file that somebody is told to make. */
const EXAMPLE_PATHS = ['migrations/core/0007_what_it_does.sql'];

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const withoutFences = (text: string) => text.replaceAll(/^(```|~~~)[\s\S]*?^\1\s*$/gm, '');
const codeSpans = (text: string) => [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

/** Links of a text, those in code left out. */
function linksOf(text: string): string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`/g, '``');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors that a forge gives to the headings of a Markdown file. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...withoutFences(text).matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
  return new Set(anchors);
}

/** What is wrong with a link, or `undefined`. */
function findLinkProblem(document: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#', 2);
  const file = path === '' ? document : normalize(join(dirname(document), path));
  if (target.startsWith('/') || file.startsWith('..')) return `${target} leads out of the repository`;
  if (!existsSync(join(root, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  return anchorsOf(read(file)).has(anchor) ? undefined : `${target}: ${file} has no heading for #${anchor}`;
}

/** The rows of the first table below a heading, each as its cells. */
function tableBelow(document: string, heading: string): string[][] {
  const section = read(document).split(new RegExp(`^#+ ${heading}$`, 'm'))[1] ?? '';
  const table = /(?:^\|.*\|\n)+/m.exec(section)?.[0] ?? '';
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The words after `mosis` or `npm run mosis --` in code, prose left out. */
function commandsOf(text: string): string[][] {
  const fenced = [...text.matchAll(/^```(?:sh|yaml)\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
  const code = [...codeSpans(text), ...fenced].join('\n');
  const calls = code.matchAll(/(?:npm run (?:-s )?mosis --|tools\/mosis\.mjs|^mosis)((?: +[a-z]+(?:-[a-z]+)*)+)/gm);
  return [...calls].map(([, words = '']) => words.trim().split(/ +/));
}

let program: Awaited<ReturnType<typeof createProgram>>;
beforeAll(async () => {
  program = await createProgram();
});

/** What the program makes of the words of a command: the first one that it does not know, if there is one. */
function findUnknownCommand(words: string[]): string | undefined {
  let command = program;
  for (const word of words) {
    if (command.commands.length === 0) return undefined;
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (!next) return word;
    command = next;
  }
  return undefined;
}

describe('the documentation', () => {
  it.each(documents)('%s has no link that leads nowhere', (document) => {
    const problems = linksOf(read(document)).map((target) => findLinkProblem(document, target));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it.each(documents)('%s names no file that is not there', (document) => {
    const missing = codeSpans(read(document)).filter(
      (path) => OUR_PATH.test(path) && !EXAMPLE_PATHS.includes(path) && !existsSync(join(root, path)),
    );
    expect(missing).toEqual([]);
  });

  it.each(documents)('%s names no command that the program does not have', (document) => {
    const unknown = commandsOf(read(document)).filter((words) => findUnknownCommand(words) !== undefined);
    expect(unknown).toEqual([]);
  });

  it.each(documents)('%s names no npm script that package.json does not have', (document) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(document).matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('has a command for every one that the program has', () => {
    const commands = program.commands.flatMap((group) =>
      group.commands.length === 0 ? [group.name()] : group.commands.map((leaf) => `${group.name()} ${leaf.name()}`),
    );
    const text = read('docs/operating.md');
    expect(commands.filter((command) => !text.includes(`\`mosis ${command}`))).toEqual([]);
  });

  it('has every problem code, with its status, and no other', () => {
    const listed = tableBelow('docs/api-conventions.md', 'Codes').map(([code = '', status]) => [
      code.replaceAll('`', ''),
      Number(status),
    ]);
    const actual = Object.entries(PROBLEMS).map(([code, [status]]) => [code, status]);
    const byCode = (one: (string | number)[], other: (string | number)[]) => (one[0]! < other[0]! ? -1 : 1);
    expect(listed.sort(byCode)).toEqual(actual.sort(byCode));
  });

  it('has every setting, and no other', () => {
    const listed = tableBelow('docs/operating.md', 'Settings').map(([name = '']) => name.replaceAll('`', ''));
    expect(listed.sort()).toEqual(Object.keys(settingFields).sort());
  });

  it('names no guard of the file that the migrations do not make', () => {
    const folder = join(root, 'migrations/core');
    const schema = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const guards = tableBelow('docs/data-model.md', 'Invariants').flatMap(([, , , held = '']) => codeSpans(held));
    const names = guards.map((guard) => guard.replace('*', '')).filter((guard) => guard.includes('_'));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !schema.join('').includes(name))).toEqual([]);
  });

  it('is found by a test that would see a broken link, anchor or command', () => {
    expect(findLinkProblem('README.md', 'docs/nothing.md')).toContain('there is no docs/nothing.md');
    expect(findLinkProblem('README.md', 'docs/operating.md#nothing')).toContain('no heading');
    expect(findLinkProblem('docs/operating.md', '../../elsewhere.md')).toContain('leads out');
    expect(findLinkProblem('docs/operating.md', 'reviewing.md#become-a-reviewer')).toBeUndefined();
    expect(commandsOf('`mosis db forget`')).toEqual([['db', 'forget']]);
    expect(findUnknownCommand(['db', 'forget'])).toBe('forget');
  });
});
