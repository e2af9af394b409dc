import { findNamedDigest, type ObjectInfo, type ObjectStore } from '@mosis/object-store';
import type { LedgerEntry, MirrorLedger } from './mirror-ledger.js';

/** What comparing both sides found. */
export interface CatchUpReport {
  objects: number;
  /** Objects whose copy was missing or may be out of date. */
  queued: number;
  /** Copies of objects that are gone. */
  gone: number;
}

export interface CatchUpOptions {
  source: ObjectStore;
  target: ObjectStore;
  ledger: MirrorLedger;
  now: () => number;
  signal: AbortSignal;
}

const PAGE = 500;
const PROBES = 'probes/';
/** An object that may be replaced and looks unchanged is compared by digest this often all the same. */
const COMPARE_EVERY_MS = 7 * 24 * 60 * 60 * 1000;

interface Sighting {
  key: string;
  source?: ObjectInfo;
  target?: ObjectInfo;
  entry?: LedgerEntry;
}

/**
 * Walks both stores and the ledger together, in the order of their keys and with one page of each in memory, and notes
 * what has to be copied and what is gone. Copies nothing itself.
 */
export async function compareStores(options: CatchUpOptions): Promise<CatchUpReport> {
  const { source, target, ledger, now, signal } = options;
  const report: CatchUpReport = { objects: 0, queued: 0, gone: 0 };
  for await (const seen of walkTogether(source.list(''), target.list(''), entriesOf(ledger))) {
    signal.throwIfAborted();
    if (seen.key.startsWith(PROBES)) continue;
    if (seen.source) report.objects += 1;
    const need = judge(seen, now());
    if (need === 'copy' || need === 'copy-anew') {
      report.queued += 1;
      ledger.markWaiting(seen.key, now(), { forgetCopy: need === 'copy-anew' });
    } else if (need === 'gone') {
      report.gone += 1;
      ledger.markGone(seen.key, seen.entry?.generation ?? 0, seen.target!.sizeBytes, now());
    } else if (need === 'forget') ledger.forget(seen.key, seen.entry!.generation);
    else if (need === 'adopt') ledger.adopt(seen.key, describeNamed(seen.source!));
    else if (seen.entry && seen.entry.gone_ms !== null) ledger.markPresent(seen.key);
  }
  return report;
}

type Need = 'nothing' | 'copy' | 'copy-anew' | 'adopt' | 'gone' | 'forget';

function judge({ key, source, target, entry }: Sighting, nowMs: number): Need {
  // Somebody works on it, or will: what was listed may be older than that.
  if (entry && entry.waiting_since_ms !== null)
    return source && !target && entry.sha256 !== null ? 'copy-anew' : 'nothing';
  if (!source) return target ? 'gone' : 'forget';
  if (!target) return 'copy-anew';
  const namesContent = findNamedDigest(key) !== undefined;
  if (!entry || entry.sha256 === null)
    return namesContent && source.sizeBytes === target.sizeBytes ? 'adopt' : 'copy-anew';
  if (target.sizeBytes !== entry.size_bytes) return 'copy-anew';
  if (source.sizeBytes !== entry.size_bytes) return 'copy';
  if (namesContent) return 'nothing';
  const sameMoment = source.modifiedAt.getTime() === entry.source_modified_ms;
  return sameMoment && nowMs - (entry.compared_ms ?? 0) < COMPARE_EVERY_MS ? 'nothing' : 'copy';
}

function describeNamed({ key, sizeBytes, modifiedAt }: ObjectInfo) {
  return { sha256: findNamedDigest(key) ?? '', sizeBytes, modifiedMs: modifiedAt.getTime() };
}

/** Joins three ordered lists by their keys. */
async function* walkTogether(
  source: AsyncIterable<ObjectInfo>,
  target: AsyncIterable<ObjectInfo>,
  entries: Iterable<LedgerEntry>,
): AsyncGenerator<Sighting> {
  const [fromSource, fromTarget, fromLedger] = [
    source[Symbol.asyncIterator](),
    target[Symbol.asyncIterator](),
    entries[Symbol.iterator](),
  ];
  let one = await fromSource.next();
  let other = await fromTarget.next();
  let known = fromLedger.next();
  for (;;) {
    const keys = [one, other, known].flatMap(({ done, value }) => (done ? [] : [(value as { key: string }).key]));
    const [first, ...rest] = keys;
    if (first === undefined) return;
    const key = rest.reduce((least, next) => (next < least ? next : least), first);
    const seen: Sighting = { key };
    if (!one.done && one.value.key === key) {
      seen.source = one.value;
      one = await fromSource.next();
    }
    if (!other.done && other.value.key === key) {
      seen.target = other.value;
      other = await fromTarget.next();
    }
    if (!known.done && known.value.key === key) {
      seen.entry = known.value;
      known = fromLedger.next();
    }
    yield seen;
  }
}

function* entriesOf(ledger: MirrorLedger): Generator<LedgerEntry> {
  for (let after = ''; ;) {
    const page = ledger.listAfter(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last.key;
  }
}
