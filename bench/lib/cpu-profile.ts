import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SHOWN = 18;

interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  samples: number[];
  timeDeltas: number[];
}

/** The functions that used most time themselves, thread by thread, of every profile in a folder. */
export function describeProfiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort((left, right) => statSync(join(folder, right)).size - statSync(join(folder, left)).size)
    .flatMap((name) => [
      '',
      name,
      ...describeProfile(JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile),
    ]);
}

function describeProfile({ nodes, samples, timeDeltas }: CpuProfile): string[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]));
  const selfUs = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = frames.get(id) ?? '?';
    selfUs.set(name, (selfUs.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const idleUs = (selfUs.get('(idle)') ?? 0) + (selfUs.get('(program)') ?? 0);
  const totalUs = [...selfUs.values()].reduce((sum, us) => sum + us, 0);
  const busyUs = totalUs - idleUs;
  const top = [...selfUs]
    .filter(([name]) => name !== '(idle)' && name !== '(program)')
    .sort(([, left], [, right]) => right - left)
    .slice(0, SHOWN);
  return [
    `busy ${(busyUs / 1e6).toFixed(1)} s of ${(totalUs / 1e6).toFixed(1)} s`,
    ...top.map(([name, us]) => `${((us / busyUs) * 100).toFixed(1).padStart(6)} %  ${name}`),
  ];
}

function frameName({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url === '' ? '' : ` (${url.split('/').slice(-2).join('/')}:${lineNumber + 1})`;
  return `${functionName || '(anonymous)'}${place}`;
}
