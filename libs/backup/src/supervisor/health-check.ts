import type { BackupLocation } from '../location.js';
import { assessChain, type ChainReport } from '../replica/chain.js';
import { openReplica, type ReplicaLister } from '../replica/list-generation.js';
import { readLz4Length } from '../replica/lz4-length.js';
import type { DatabaseWatch } from './database-watch.js';

/** Lists replicas and keeps what that says with each database. */
export class HealthCheck {
  readonly #replicas = new Map<string, ReplicaLister>();

  /** `listEveryMs`: how long a look at the two ends of the chain is enough. */
  constructor(
    private readonly location: BackupLocation,
    private readonly listEveryMs = 0,
  ) {}

  /**
   * Looks whether the newest snapshot and the last segment are there: two requests, every minute. From time to time, and
   * whenever one of them is not, everything is listed, which may be a hundred thousand names.
   */
  async run(watch: DatabaseWatch, nowMs: number): Promise<void> {
    const { check, listedAtMs, lastSegment, local } = watch;
    const { chain } = check ?? {};
    const last = lastSegment ?? chain?.last;
    const isListed = chain?.restorable === true && check?.error === undefined && nowMs - listedAtMs < this.listEveryMs;
    if (isListed && last && chain.newestSnapshot !== undefined && local?.generation !== undefined) {
      try {
        const replica = this.#open(watch);
        const ends = [
          await replica.hasSnapshot(local.generation, chain.newestSnapshot),
          await replica.hasSegment(local.generation, last),
        ];
        if (ends.every(Boolean)) {
          if (watch.check) watch.check = { ...watch.check, atMs: nowMs };
          return;
        }
      } catch {
        // The listing says what is wrong.
      }
    }
    await this.list(watch, nowMs);
  }

  /**
   * Lists the current generation of a database. What happens meanwhile (a new generation, a segment) makes the answer no
   * worse: only what was known before is expected to be there.
   */
  async list(watch: DatabaseWatch, nowMs: number): Promise<void> {
    const generation = watch.local?.generation;
    if (generation === undefined) return;
    const known = new Map(watch.written);
    let chain: ChainReport;
    try {
      const replica = this.#open(watch);
      chain = assessChain(await replica.listGeneration(generation), known);
      if (watch.lag.replicated === undefined && chain.last) {
        const end = chain.last.offset + readLz4Length(await replica.readSegment(generation, chain.last));
        watch.lag.shipped({ generation, index: chain.last.index, offset: end });
      }
    } catch (error) {
      watch.check = { atMs: nowMs, chain: watch.check?.chain, error: (error as Error).message };
      return;
    }
    if (watch.local?.generation !== generation) return;
    watch.check = { atMs: nowMs, chain, error: undefined };
    watch.listedAtMs = nowMs;
    watch.brokenChecks = chain.restorable ? 0 : watch.brokenChecks + 1;
    if (chain.newestSnapshot !== undefined) watch.forgetBefore(chain.newestSnapshot);
  }

  /** Whether the target answers at all. @throws why it does not */
  async probe(watch: DatabaseWatch): Promise<void> {
    await this.#open(watch).probe();
  }

  async close(): Promise<void> {
    for (const replica of this.#replicas.values()) await replica.close();
  }

  #open({ database }: DatabaseWatch): ReplicaLister {
    let replica = this.#replicas.get(database);
    if (!replica) this.#replicas.set(database, (replica = openReplica(this.location, database)));
    return replica;
  }
}
