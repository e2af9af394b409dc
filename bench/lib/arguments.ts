import { parseArgs } from 'node:util';
import { SCALES, type Scale } from './scales.ts';

/** What a run was asked for. */
export interface Arguments {
  names: string[];
  scale: Scale;
  /** Where data sets lie and are found again; a temporary folder when it was not given. */
  folder: string | undefined;
  /** What standard output is: lines as figures come, or the whole result at the end as JSON or as a table. */
  output: 'lines' | 'json' | 'markdown';
  seed: number;
  /** Where CPU profiles of the measured server go, when they are wanted. */
  profiles: string | undefined;
  /** A catalogue of real apps to begin the store with. */
  catalogue: string | undefined;
  /** Whether ratios are compared with the record, or become it. */
  record: 'compare' | 'write' | undefined;
  /** Where plots of what was measured at growing sizes go, when they are wanted. */
  plots: string | undefined;
  /** Whether data sets are built, and nothing is measured. */
  seedOnly: boolean;
  help: boolean;
}

/** Arguments that cannot be used. */
export class ArgumentError extends Error {}

/** Reads the command line. @throws ArgumentError */
export function readArguments(words: string[], known: readonly string[]): Arguments {
  const { values, positionals: named } = parse(words);
  const positionals = named.filter((name) => name !== 'check' && name !== 'seed');
  const seedOnly = named.includes('seed');
  if (seedOnly && named.length > 1) throw new ArgumentError('seed builds every data set: it takes no other name.');
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new ArgumentError(`There is no benchmark "${unknown}": ${known.join(', ')}.`);
  if (!Object.hasOwn(SCALES, values.scale)) {
    throw new ArgumentError(`There is no scale "${values.scale}": ${Object.keys(SCALES).join(', ')}.`);
  }
  const scale = SCALES[values.scale as Scale['name']];
  if (seedOnly && values.dir === undefined && !values.help) {
    throw new ArgumentError('seed builds data sets that stay: say with --dir where they lie.');
  }
  if (scale.name === 'full' && values.dir === undefined && !values.help) {
    throw new ArgumentError('--scale full builds 100 million rows: say with --dir where they lie and stay.');
  }
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new ArgumentError('--seed is a whole number.');
  return {
    names: positionals.length > 0 ? positionals : [...known],
    scale,
    folder: values.dir,
    output: values.json ? 'json' : values.markdown ? 'markdown' : 'lines',
    seed,
    profiles: values['cpu-prof'],
    catalogue: values.catalogue,
    record: values['write-record'] ? 'write' : named.includes('check') ? 'compare' : undefined,
    plots: values.plots,
    seedOnly,
    help: values.help,
  };
}

function parse(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        scale: { type: 'string', default: 'tenth' },
        dir: { type: 'string' },
        json: { type: 'boolean', default: false },
        markdown: { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        'cpu-prof': { type: 'string' },
        catalogue: { type: 'string' },
        'write-record': { type: 'boolean', default: false },
        plots: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new ArgumentError((error as Error).message);
  }
}
