import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { DataDirectory } from '../support/server-process.js';

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string; action: string; guide: string };
}
interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { h: number; w: number; x: number; y: number };
  targets?: { expr: string; legendFormat: string }[];
}
interface Metric {
  type: string;
  labels: string[];
}

const read = (path: string) => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');
const data = new DataDirectory();
/** What a real server prints: each metric by name, with the labels that its samples have. */
let printed: Map<string, Metric>;

function parseMetrics(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    metrics.set(name, { type, labels: [] });
  for (const [, sample = '', labels = ''] of text.matchAll(/^([a-z_0-9]+)\{([^}]*)\}/gm)) {
    const metric = metrics.get(sample) ?? metrics.get(sample.replace(/_(?:bucket|sum|count)$/, ''));
    const names = [...labels.matchAll(/([a-z_]+)="/g)].map(([, name = '']) => name).filter((name) => name !== 'le');
    if (metric) metric.labels = [...new Set([...metric.labels, ...names])].sort();
  }
  return metrics;
}

/** The documented metrics: the rows of `docs/metrics.md` that begin with a name of ours. */
function readDocumented(): Map<string, Metric> {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(mosis_\w+)` *\|(.*)\|$/gm)];
  return new Map(
    rows.map(([, name = '', rest = '']) => {
      const [type = '', labels = '', unit = '', meaning = ''] = rest.split('|').map((cell) => cell.trim());
      if (unit === '' || meaning === '') throw new Error(`docs/metrics.md: ${name} has no unit or no meaning`);
      return [name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort() }];
    }),
  );
}

const FUNCTIONS =
  /\b(?:time|sum|max|min|avg|topk|rate|increase|histogram_quantile|predict_linear|label_values|by|on|unless|and|or|job|instance|le)\b/g;

/** What is wrong with a PromQL expression, as far as names, labels and brackets go. */
function findFaults(expression: string): string[] {
  const faults: string[] = [];
  const bare = expression.replaceAll(/"[^"]*"/g, '""');
  for (const [open, close] of ['()', '[]', '{}'].map((pair) => [...pair] as [string, string]))
    if (bare.split(open).length !== bare.split(close).length) faults.push(`unbalanced ${open}${close}`);
  const labels = [
    ...[...bare.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*""/g)].map(([, name = '']) => name),
    ...[...bare.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/)),
  ];
  const withoutLabels = bare.replaceAll(/\{[^}]*\}/g, '').replaceAll(/\b(?:by|on) \([^)]*\)/g, '');
  const words =
    withoutLabels
      .replaceAll(/\[[^\]]*\]/g, '')
      .replaceAll(FUNCTIONS, '')
      .match(/[a-z_][a-z_0-9]*/g) ?? [];
  const used = words.map((word) => (printed.has(word) ? word : word.replace(/_(?:bucket|sum|count)$/, '')));
  if (used.length === 0) faults.push('names no metric');
  faults.push(...used.filter((name) => name !== 'up' && !printed.has(name)).map((name) => `there is no ${name}`));
  const known = new Set(['job', 'instance', 'le', ...used.flatMap((name) => printed.get(name)?.labels ?? [])]);
  const documented = readDocumented();
  for (const name of used) for (const label of documented.get(name)?.labels ?? []) known.add(label);
  faults.push(...labels.filter((label) => !known.has(label)).map((label) => `no metric of it has the label ${label}`));
  return faults;
}

const rulesOf = () =>
  (parse(read('docker/prometheus-alerts.yaml')) as { groups: { name: string; rules: Rule[] }[] }).groups;
const panelsOf = () => (JSON.parse(read('docker/grafana-dashboard.json')) as { panels: Panel[] }).panels;
/** The anchor that a forge gives to a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

describe('the metrics', () => {
  beforeAll(async () => {
    const server = await data.serve();
    // The first answer is counted in the second.
    await fetch(`${server.url}/metrics`);
    printed = parseMetrics(await (await fetch(`${server.url}/metrics`)).text());
    await server.kill('SIGTERM');
  });
  afterAll(() => data.remove());

  it('are all documented, with their types and labels, and no others are', () => {
    const ours = [...printed].filter(([name]) => name.startsWith('mosis_'));
    const documented = readDocumented();
    expect([...documented.keys()].sort()).toEqual(ours.map(([name]) => name).sort());
    for (const [name, { type, labels }] of ours) {
      expect([name, documented.get(name)!.type]).toEqual([name, type]);
      // Some have no sample on a fresh server, so no labels to see.
      if (labels.length > 0) expect([name, documented.get(name)!.labels]).toEqual([name, labels]);
    }
    const others = [...printed.keys()].filter((name) => !name.startsWith('mosis_'));
    expect(others.filter((name) => !/^(?:process|nodejs)_/.test(name))).toEqual([]);
  });

  it('that alerts ask for are there, and each alert says what is wrong, what to do and where that is described', () => {
    const names: string[] = [];
    for (const { name, rules } of rulesOf()) {
      expect(name).toMatch(/^mosis-/);
      for (const rule of rules) {
        expect(Object.keys(rule).sort()).toEqual(['alert', 'annotations', 'expr', 'for', 'labels']);
        expect([rule.alert, findFaults(rule.expr)]).toEqual([rule.alert, []]);
        expect(rule.expr).toMatch(/[<>=]=? |unless/);
        expect(rule.for).toMatch(/^\d+[mh]$/);
        expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
        const { summary, action, guide } = rule.annotations;
        for (const text of [summary, action]) expect(text).toMatch(/^[A-Z{m].{10,}\.$/);
        const [file = '', anchor] = guide.split('#');
        const headings = [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
        expect([guide, headings.includes(anchor ?? '')]).toEqual([guide, true]);
        names.push(rule.alert);
      }
    }
    expect(new Set(names).size).toBe(names.length);
    const table = [...read('docs/metrics.md').matchAll(/^\| `(Mosis\w+)` *\| (\w+)/gm)].map(([, name, level]) => [
      name,
      level,
    ]);
    expect(table).toEqual(rulesOf().flatMap(({ rules }) => rules.map((rule) => [rule.alert, rule.labels.severity])));
  });

  it('that the dashboard asks for are there, all of ours are on it, and its panels lie side by side', () => {
    const panels = panelsOf();
    const targets = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));
    for (const [title, expression] of targets)
      expect([title, findFaults(expression.replaceAll('$__rate_interval', '5m'))]).toEqual([title, []]);
    const text = targets.map(([, expression]) => expression).join('\n');
    const absent = [...printed.keys()].filter((name) => name.startsWith('mosis_') && !text.includes(name));
    expect(absent).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const overlapping = panels.filter(({ gridPos: a, id }) =>
      panels.some(
        ({ gridPos: b, id: other }) =>
          id < other && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h,
      ),
    );
    expect([overlapping, panels.filter(({ gridPos: { x, w } }) => x + w > 24)]).toEqual([[], []]);
  });

  it('are scraped by the snippet where they are, with the alerts beside it', () => {
    expect(parse(read('docker/prometheus.yaml'))).toMatchObject({
      rule_files: ['prometheus-alerts.yaml'],
      scrape_configs: [{ job_name: 'mosis', metrics_path: '/metrics', static_configs: [{ targets: ['mosis:3000'] }] }],
    });
  });

  it('that are not there, and labels that no metric has, are seen by these tests', () => {
    expect(findFaults('rate(mosis_nothing_total[5m]) > 0')).toEqual(['there is no mosis_nothing_total']);
    expect(findFaults('sum by (colour) (mosis_backup_healthy)')).toEqual(['no metric of it has the label colour']);
    expect(findFaults('sum(mosis_backup_healthy')).toEqual(['unbalanced ()']);
  });
});
