import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { coreDatabasePath, newId } from '@mosis/db';
import { createTestCoreDatabase, type TestCoreDatabase } from '../../../libs/db/src/testing.js';
import { openReader } from '@mosis/sqlite';
import type { NewestCore } from '../src/restores/restore.types.js';
import { RestoredCoreRepository } from '../src/restores/restored-core.repository.js';

const NOW = '2026-11-27T18:00:00.000Z';
const RECORD = () => ({
  actor_kind: 'command_line' as const,
  actor_id: null,
  credential_id: null,
  action: 'database.restored',
  subject_kind: 'database',
  subject_id: 'core.db',
  data: '{}',
  request_id: null,
});

/** Mails wait or run at the moment that came back; the newest file says what became of them. */
describe('jobs of a restored core.db', () => {
  let test: TestCoreDatabase;
  let restored: string;
  const ids = Object.fromEntries(
    ['sent', 'forgotten', 'waiting', 'running', 'work'].map((name) => [name, newId()]),
  ) as Record<'sent' | 'forgotten' | 'waiting' | 'running' | 'work', string>;

  beforeEach(async () => {
    test = createTestCoreDatabase();
    restored = join(test.dataDir, 'restored.db');
    const states = {
      sent: 'queued',
      forgotten: 'queued',
      waiting: 'queued',
      running: 'running',
      work: 'running',
    } as const;
    await test.db.write(async (trx) => {
      for (const [name, state] of Object.entries(states)) {
        await trx
          .insertInto('jobs')
          .values({
            id: ids[name as keyof typeof ids],
            kind: name === 'work' ? 'objects.discard' : 'mail.verify-email',
            payload: '{"developer_id":"somebody"}',
            state,
            run_at: NOW,
            created_at: NOW,
            updated_at: NOW,
          })
          .execute();
      }
    });
    test.db.rawWriter.pragma('wal_checkpoint(TRUNCATE)');
    copyFileSync(coreDatabasePath(test.dataDir), restored);
  });
  afterEach(() => test.dispose());

  function reconcile(newest: NewestCore) {
    const repository = RestoredCoreRepository.open(restored);
    try {
      return repository.reconcile(newest, NOW, RECORD).core;
    } finally {
      repository.close();
    }
  }

  const states = () => {
    const db = openReader(restored);
    const find = db.prepare('SELECT state FROM jobs WHERE id = ?').pluck();
    const found = Object.entries(ids).map(([name, id]) => [name, find.get(id)]);
    db.close();
    return Object.fromEntries(found) as Record<string, string>;
  };

  it('sends no mail that was sent since, or may have been', async () => {
    await test.db.write(async (trx) => {
      await trx.updateTable('jobs').set({ state: 'done' }).where('id', '=', ids.sent).execute();
      await trx.deleteFrom('jobs').where('id', '=', ids.forgotten).execute();
    });
    expect(reconcile({ is: 'other', file: coreDatabasePath(test.dataDir) })).toMatchObject({
      mails_sent_since: 2,
      mails_held: { 'mail.verify-email': 1 },
      jobs_requeued: 1,
    });
    expect(states()).toEqual({ sent: 'done', forgotten: 'done', waiting: 'queued', running: 'failed', work: 'queued' });
  });

  it('sends what waits in the newest file, but not what was being sent', () => {
    expect(reconcile({ is: 'this' })).toMatchObject({ mails_sent_since: 0, mails_held: { 'mail.verify-email': 1 } });
    expect(states()).toMatchObject({ sent: 'queued', waiting: 'queued', running: 'failed', work: 'queued' });
  });

  it('sends none when nothing tells what was sent since', () => {
    expect(reconcile({ is: 'unknown' })).toMatchObject({ mails_held: { 'mail.verify-email': 4 }, jobs_requeued: 1 });
    expect(states()).toMatchObject({ sent: 'failed', waiting: 'failed', work: 'queued' });
  });
});
