import { Injectable } from '@nestjs/common';
import { CoreDatabase, newId, type CoreHandle, type CoreRow, type CoreTransaction } from '@mosis/db';

/** All SQL of background work. */
@Injectable()
export class JobsRepository {
  constructor(private readonly db: CoreDatabase) {}

  /** Answers its id. */
  async insert(trx: CoreTransaction, kind: string, payload: unknown, runAt: string, now: string): Promise<string> {
    const id = newId();
    await trx
      .insertInto('jobs')
      .values({
        id,
        kind,
        payload: JSON.stringify(payload),
        state: 'queued',
        run_at: runAt,
        created_at: now,
        updated_at: now,
      })
      .execute();
    return id;
  }

  /** What is due of these kinds, longest waiting first. */
  async listDue(kinds: readonly string[], now: string, limit: number): Promise<CoreRow<'jobs'>[]> {
    return this.db.read
      .selectFrom('jobs')
      .selectAll()
      .where('state', '=', 'queued')
      .where('kind', 'in', kinds)
      .where('run_at', '<=', now)
      .orderBy('run_at')
      .orderBy('id')
      .limit(limit)
      .execute();
  }

  async findNextRunAt(kinds: readonly string[]): Promise<string | undefined> {
    const next = await this.db.read
      .selectFrom('jobs')
      .select('run_at')
      .where('state', '=', 'queued')
      .where('kind', 'in', kinds)
      .orderBy('run_at')
      .limit(1)
      .executeTakeFirst();
    return next?.run_at;
  }

  async start(trx: CoreTransaction, id: string, now: string): Promise<void> {
    await trx
      .updateTable('jobs')
      .set((eb) => ({ state: 'running', attempts: eb('attempts', '+', 1), updated_at: now }))
      .where('id', '=', id)
      .execute();
  }

  async finish(
    trx: CoreTransaction,
    id: string,
    change: { state: 'done' | 'failed' | 'queued'; result?: unknown; lastError?: string; runAt?: string },
    now: string,
  ): Promise<void> {
    await trx
      .updateTable('jobs')
      .set({
        state: change.state,
        updated_at: now,
        last_error: change.lastError ?? null,
        // What was to be done may name people; once it is done nobody needs to know.
        ...(change.state === 'queued' ? {} : { payload: '{}' }),
        ...(change.result === undefined ? {} : { result: JSON.stringify(change.result) }),
        ...(change.runAt === undefined ? {} : { run_at: change.runAt }),
      })
      .where('id', '=', id)
      .execute();
  }

  /** Work that a killed process was at is queued again. */
  async requeueRunning(trx: CoreTransaction, now: string): Promise<void> {
    await trx.updateTable('jobs').set({ state: 'queued', updated_at: now }).where('state', '=', 'running').execute();
  }

  async hasOpen(kind: string): Promise<boolean> {
    const open = await this.db.read
      .selectFrom('jobs')
      .select('id')
      .where('kind', '=', kind)
      .where('state', 'in', ['queued', 'running'])
      .limit(1)
      .executeTakeFirst();
    return open !== undefined;
  }

  /** The waiting or running job of a kind, the earliest of several. */
  async findOpen(kind: string, handle: CoreHandle = this.db.read): Promise<CoreRow<'jobs'> | undefined> {
    return handle
      .selectFrom('jobs')
      .selectAll()
      .where('kind', '=', kind)
      .where('state', 'in', ['queued', 'running'])
      .orderBy('state', 'desc')
      .orderBy('run_at')
      .limit(1)
      .executeTakeFirst();
  }

  async hasQueuedBy(trx: CoreTransaction, kind: string, runAt: string): Promise<boolean> {
    const queued = await trx
      .selectFrom('jobs')
      .select('id')
      .where('kind', '=', kind)
      .where('state', '=', 'queued')
      .where('run_at', '<=', runAt)
      .limit(1)
      .executeTakeFirst();
    return queued !== undefined;
  }

  /** Lets the waiting jobs of a kind begin by `runAt`; answers whether there are some. */
  async bringForward(trx: CoreTransaction, kind: string, runAt: string): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('jobs')
      .set({ run_at: runAt })
      .where('kind', '=', kind)
      .where('state', '=', 'queued')
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }

  async findLatest(kind: string): Promise<CoreRow<'jobs'> | undefined> {
    return this.db.read
      .selectFrom('jobs')
      .selectAll()
      .where('kind', '=', kind)
      .where('state', 'in', ['done', 'failed'])
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  /** Forgets finished work that nobody asks about any more. */
  async deleteFinishedBefore(trx: CoreTransaction, before: string): Promise<void> {
    await trx.deleteFrom('jobs').where('state', 'in', ['done', 'failed']).where('updated_at', '<', before).execute();
  }

  /** Work that was given up since then, by kind. */
  async countFailedSince(since: string): Promise<{ kind: string; state: string; count: number }[]> {
    return this.db.read
      .selectFrom('jobs')
      .select((eb) => ['kind', 'state', eb.fn.countAll<number>().as('count')])
      .where('state', '=', 'failed')
      .where('updated_at', '>=', since)
      .groupBy('kind')
      .orderBy('kind')
      .execute();
  }

  async countByState(): Promise<{ kind: string; state: string; count: number }[]> {
    return this.db.scan
      .selectFrom('jobs')
      .select((eb) => ['kind', 'state', eb.fn.countAll<number>().as('count')])
      .groupBy(['kind', 'state'])
      .orderBy('kind')
      .execute();
  }
}
