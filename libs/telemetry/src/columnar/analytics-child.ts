/**
 * The analytics process: DuckDB beside a connection to telemetry.db that only reads. Requests come over the channel, each
 * with a DuckDB connection of its own; giving one up interrupts that connection.
 */
import { openTelemetryReader } from '../storage/telemetry-file.js';
import { adHoc } from './ad-hoc.js';
import { archivePartition } from './archive-partition.js';
import { ArchiveTimes } from './archive-times.js';
import { CountedPartitions } from './counted-partitions.js';
import { Dictionaries } from './dictionaries.js';
import { openDuck, Session } from './duck.js';
import { funnel } from './funnel.js';
import { operatorSql } from './operator-sql.js';
import type { AnalyticsRequests, AnalyticsSettings, FromChild, RequestName, ToChild } from './protocol.js';
import { recount } from './recount.js';
import { makeScratch } from './scratch.js';
import { StagedPartitions } from './staged-partitions.js';
import { top } from './top.js';
import { writeAggregates } from './write-aggregates.js';

const argument = process.argv[2];
if (argument === undefined || !process.send) throw new Error('analytics-child is started by AnalyticsProcess.');
const settings = JSON.parse(argument) as AnalyticsSettings;

/** A request and the answer to it, name by name. */
type Handlers = {
  [Name in RequestName]: (
    session: Session,
    request: AnalyticsRequests[Name]['request'],
  ) => Promise<AnalyticsRequests[Name]['answer']>;
};

async function start(): Promise<{ connect: () => Promise<Session>; handlers: Handlers }> {
  const scratch = makeScratch(settings.dataDir);
  const duck = await openDuck(settings, scratch);
  const db = openTelemetryReader(settings.dataDir);
  const dictionaries = new Dictionaries(db);
  const files = { ...settings, db, dictionaries, scratch };
  const raw = { ...settings, db, staged: new StagedPartitions(files), times: new ArchiveTimes(settings.dataDir) };
  const counted = new CountedPartitions(files);
  return {
    connect: () => Session.open(duck),
    handlers: {
      archive: (session, { day }) => archivePartition(session, files, day),
      aggregates: (session, { day }) => writeAggregates(session, files, day),
      top: (session, { query, nowMs }) => top(session, raw, query, nowMs),
      funnel: (session, { query, nowMs }) => funnel(session, raw, query, nowMs),
      query: (session, { query, nowMs }) => adHoc(session, raw, query, nowMs),
      sql: (session, { query, nowMs }) => operatorSql(session, raw, query, nowMs),
      recount: (session, day) => recount(session, counted, day),
    },
  };
}

const started = start();
// Whoever asks is told; it must not end the process before.
started.catch(() => undefined);
const running = new Map<number, Session | 'starting' | 'cancelled'>();

async function answer(id: number, name: RequestName, request: unknown): Promise<FromChild> {
  let session: Session | undefined;
  running.set(id, 'starting');
  try {
    const { connect, handlers } = await started;
    session = await connect();
    if (running.get(id) === 'cancelled') session.cancel();
    running.set(id, session);
    return { id, answer: await handlers[name](session, request as never) };
  } catch (error) {
    const { name: kind, message, code } = error as Error & { code?: string };
    return { id, error: { name: kind, message, code } };
  } finally {
    running.delete(id);
    session?.close();
  }
}

process.on('message', (message: ToChild) => {
  if ('cancel' in message) {
    const session = running.get(message.cancel);
    if (session instanceof Session) session.cancel();
    else if (session === 'starting') running.set(message.cancel, 'cancelled');
    return;
  }
  void answer(message.id, message.name, message.request).then((reply) => process.send?.(reply));
});

// Nobody is left to answer to. What runs in native code would keep an orderly exit waiting.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// A terminal's Ctrl-C reaches the whole group: the parent decides when this process ends.
process.on('SIGINT', () => undefined);
