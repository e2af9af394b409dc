import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { Random } from '../../lib/random.ts';

/** Words of an app store that stand at the top of the frequencies, as they do in every catalogue. */
const COMMON =
  'the a and to for of app your you is it with in this that from can on simple open free android source use all are ' +
  'be not support game photo music notes map weather player calendar camera file manager reader browser chat timer ' +
  'clock keyboard launcher wallpaper translate scanner network local offline privacy library client editor viewer ' +
  'tracker puzzle puzzle card radio podcast video image text book list task widget battery sync backup server remote';
const SYLLABLES =
  'ba be bi bo bu da de di do du fa fi fo ga ge go ka ke ki ko la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo za ze zo'.split(
    ' ',
  );
const WORDS = 30_000;
/** A catalogue's descriptions are cut at this, as most are shorter. */
const MAX_DESCRIPTION = 3_000;

/** An app of a real catalogue. */
export interface KnownApp {
  packageId: string;
  name: string;
  description: string;
  categories: string[];
}

/** What texts are made of: words by how often they occur, and real apps to begin with, where there are any. */
export interface Vocabulary {
  words: string[];
  /** Running total of the frequencies, ending with 1. */
  cumulative: Float64Array;
  apps: KnownApp[];
}

/** Frequencies after Zipf (the n-th word occurs 1/n as often as the first); those of a catalogue, where one is given. */
export async function makeVocabulary(seed: number, catalogue: string | undefined): Promise<Vocabulary> {
  const apps = catalogue === undefined ? [] : await readApps(catalogue);
  const counts = new Map<string, number>();
  for (const { name, description } of apps) {
    for (const word of `${name} ${description}`.toLowerCase().match(/\p{L}[\p{L}\p{N}]+/gu) ?? []) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const known = [...counts].filter(([, count]) => count > 1).sort(([, left], [, right]) => right - left);
  const ranked = known.length > 0 ? known : zipf(seed);
  const total = ranked.reduce((sum, [, count]) => sum + count, 0);
  let running = 0;
  return {
    words: ranked.map(([word]) => word),
    cumulative: Float64Array.from(ranked, ([, count]) => (running += count / total)),
    apps,
  };
}

/** One word, by its frequency. */
export function drawWord({ words, cumulative }: Vocabulary, random: Random): string {
  const position = random.next();
  let low = 0;
  let high = words.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulative[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  return words[low] as string;
}

/** A text of so many words. */
export function drawText(vocabulary: Vocabulary, random: Random, words: number): string {
  return Array.from({ length: words }, () => drawWord(vocabulary, random)).join(' ');
}

function zipf(seed: number): [string, number][] {
  const random = new Random(seed ^ 0x5bd1e995);
  const words = new Set(COMMON.split(' '));
  while (words.size < WORDS) {
    words.add(Array.from({ length: 2 + random.below(3) }, () => random.pick(SYLLABLES)).join(''));
  }
  return [...words].map((word, index) => [word, 1 / (index + 1)]);
}

async function readApps(file: string): Promise<KnownApp[]> {
  const raw = createReadStream(file);
  const lines = createInterface({ input: file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw });
  const apps: KnownApp[] = [];
  for await (const line of lines) {
    const { package_id, name, summary, description, categories } = JSON.parse(line) as Record<string, unknown>;
    const text = [summary, description].filter((part) => typeof part === 'string').join('\n');
    apps.push({
      packageId: String(package_id),
      name: String(name ?? package_id).slice(0, 50),
      description: text.slice(0, MAX_DESCRIPTION),
      categories: Array.isArray(categories) ? categories.map(String) : [],
    });
  }
  return apps;
}
