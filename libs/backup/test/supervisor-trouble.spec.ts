import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWriter } from '@mosis/sqlite';
import { Stage } from './support/stage.js';

const MIB = 1024 * 1024;
const pragma = (stage: Stage, name: string) => stage.writers.get('core')?.pragma(name, { simple: true });

describe('Litestream in trouble', () => {
  const stage = new Stage();
  const walBytes = () => statSync(`${stage.file('core')}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const shadow = join(stage.dataDir, '.core.db-litestream');
  const problems = () => stage.supervisor?.status().problems.map(({ code }) => code);

  beforeAll(async () => {
    await stage.start({ maxWalBytes: 6 * MIB, maxShadowBytes: 6 * MIB, lateAfterMs: 500, stalledAfterMs: 5_000 });
    stage.write('core', 20);
    stage.write('telemetry', 20);
    await stage.untilHealthy();
  });
  afterAll(() => stage.remove());

  it('has the WAL to itself: our own commits never fold it in, and wait for its locks', () => {
    expect(pragma(stage, 'journal_mode')).toBe('wal');
    expect(pragma(stage, 'wal_autocheckpoint')).toBe(0);
    expect(pragma(stage, 'busy_timeout')).toBe(5_000);
  });

  it('is started again when it is killed, and has what was written meanwhile', async () => {
    const before = stage.supervisor?.status();
    process.kill(before?.pid as number, 'SIGKILL');
    const rows = stage.write('core', 30);
    await stage.until('another Litestream', ({ pid, restarts }) => pid !== null && restarts > (before?.restarts ?? 0));
    await stage.untilHealthy();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('gets a new generation when somebody wipes its replica, though it goes on writing segments itself', async () => {
    const { generation } = stage.status('core');
    rmSync(stage.backups, { recursive: true });
    const rows = stage.write('core', 5);
    await stage.untilLogged('the backup on the replica is broken');
    await stage.until('a generation that can be restored', ({ databases }) =>
      databases.every((status) => status.healthy === true && status.generation !== generation),
    );
    await stage.untilHealthy();
    expect(await stage.restore('core')).toBe(rows);
    expect(problems()).toEqual([]);
  });

  it('loses the file while it hangs: the WAL stays within its bound, and writes go on', async () => {
    const from = stage.log.length;
    process.kill(stage.supervisor?.status().pid as number, 'SIGSTOP');
    stage.write('core', 120, 100_000);
    await stage.untilLogged('backups are suspended', from);
    await stage.until('a WAL that was folded in', () => walBytes() < MIB);
    const rows = stage.write('core', 20);
    await stage.until('backups again', ({ databases }) => databases.every(({ state }) => state === 'replicating'));
    await stage.untilHealthy();
    expect(pragma(stage, 'wal_autocheckpoint')).toBe(0);
    expect(await stage.restore('core')).toBe(rows);
  });

  it('is ended and started again when nothing arrives, so that a replica that comes back is used', async () => {
    const from = stage.log.length;
    const aside = `${stage.backups}-aside`;
    renameSync(stage.backups, aside);
    // Root may write anywhere, but nobody can make a folder below a file.
    writeFileSync(stage.backups, 'in the way');
    const rows = stage.write('core', 3);
    await stage.until('a late backup', () => problems()?.includes('backup-late') === true);
    await stage.untilLogged('makes no progress', from);
    rmSync(stage.backups);
    renameSync(aside, stage.backups);
    await stage.untilHealthy();
    expect(await stage.restore('core')).toBe(rows);
  });

  it('keeps its hidden folder within its bound when the replica fails, and begins anew when that is back', async () => {
    const from = stage.log.length;
    rmSync(stage.backups, { recursive: true });
    writeFileSync(stage.backups, 'in the way');
    // In steps below the WAL's own bound: what grows is Litestream's copy.
    while (!stage.log.slice(from).some(({ message }) => message.includes('suspended'))) {
      stage.write('core', 10, 100_000);
      await stage.until('a copy of the WAL, or the end of it', () => stage.status('core').lagBytes >= 0);
    }
    await stage.until('no hidden folder and no WAL', () => !existsSync(shadow) && walBytes() < MIB);
    await stage.until('that it is said', () => problems()?.includes('backup-suspended') === true);
    expect(stage.status('core').trouble?.detail).toMatch(/replica|WAL/);
    expect(pragma(stage, 'wal_autocheckpoint')).toBe(1_000);
    const rows = stage.write('core', 5);
    rmSync(stage.backups);
    mkdirSync(stage.backups);
    await stage.until('backups again', () => stage.status('core').state === 'replicating');
    await stage.untilHealthy();
    expect(await stage.restore('core')).toBe(rows);
  });
});

describe('a database that is opened and closed while no Litestream runs', () => {
  const stage = new Stage();
  afterAll(() => stage.remove());

  it('stays in its generation when the writer leaves the WAL, and costs a new one when it is folded in', async () => {
    await stage.start();
    stage.write('core', 10);
    await stage.untilHealthy();
    const first = stage.status('core').generation;
    await stage.stop();

    // As `mosis db migrate` does it: without Litestream, and without a trace for the next one.
    const careful = openWriter(stage.file('core'), { autoCheckpoint: false });
    stage.writers.set('core', careful);
    stage.write('core', 10);
    stage.close();
    await stage.start();
    await stage.untilHealthy();
    expect(stage.status('core').generation).toBe(first);
    expect(await stage.restore('core')).toBe(20);
    await stage.stop();

    const careless = openWriter(stage.file('core'));
    stage.writers.set('core', careless);
    stage.write('core', 10);
    stage.close();
    const from = stage.log.length;
    await stage.start();
    await stage.untilLogged('a new generation', from);
    await stage.untilHealthy();
    expect(stage.status('core').generation).not.toBe(first);
    expect(await stage.restore('core')).toBe(30);
  });
});

describe('a machine on which Litestream cannot run', () => {
  it('checkpoints by itself and says that nothing is backed up, when there is no binary', async () => {
    const stage = new Stage();
    try {
      const supervisor = await stage.start({}, join(stage.folder, 'missing'));
      expect(stage.log[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('NOTHING IS BACKED UP') });
      expect(supervisor.status().problems.map(({ code }) => code)).toEqual(['backup-missing']);
      for (let round = 0; round < 4; round += 1) stage.write('core', 30, 100_000);
      expect(statSync(`${stage.file('core')}-wal`).size).toBeLessThan(6 * MIB);
    } finally {
      await stage.remove();
    }
  });

  it('does the same when Litestream ends as soon as it begins, however often it is started', async () => {
    const stage = new Stage();
    try {
      const supervisor = await stage.start({ releaseAfterMs: 300, resumePausesMs: [60_000] }, '/bin/false');
      await stage.until('both given up', ({ databases }) => databases.every(({ state }) => state === 'suspended'));
      expect(supervisor.status().problems.map(({ code }) => code)).toEqual(['backup-suspended', 'backup-suspended']);
      for (let round = 0; round < 4; round += 1) stage.write('core', 30, 100_000);
      expect(statSync(`${stage.file('core')}-wal`).size).toBeLessThan(6 * MIB);
    } finally {
      await stage.remove();
    }
  });
});
