import { basename } from 'node:path';
import { DATABASES, databaseFileName, type DatabaseName } from '../location.js';
import { parsePosition, type Position } from '../replica/position.js';

/** What a line of Litestream's log tells. */
export type LitestreamEvent = { database: DatabaseName | undefined } & (
  | { kind: 'generation'; generation: string; reason: string }
  | { kind: 'snapshot-started' | 'snapshot-written' | 'segment-started'; position: Position }
  | { kind: 'segment-written'; position: Position; sizeBytes: number }
  | { kind: 'trouble'; level: 'warn' | 'error'; message: string; error: string | undefined }
  | { kind: 'other'; message: string }
);

/** Reads a line of Litestream's JSON log; what is no JSON (a panic, a usage message) counts as trouble. */
export function parseLitestreamLine(line: string): LitestreamEvent {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { kind: 'trouble', database: undefined, level: 'error', message: line.slice(0, 500), error: undefined };
  }
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  const database = findDatabase(text('db') ?? text('path'));
  const message = text('msg') ?? '';
  const level = text('level');
  if (level === 'ERROR' || level === 'WARN')
    return { kind: 'trouble', database, level: level === 'WARN' ? 'warn' : 'error', message, error: text('error') };
  const generation = text('generation');
  if (message === 'sync: new generation' && generation !== undefined)
    return { kind: 'generation', database, generation, reason: text('reason') ?? '' };
  const position = parsePosition(text('position') ?? '');
  if (position) {
    if (message === 'write snapshot') return { kind: 'snapshot-started', database, position };
    if (message === 'snapshot written') return { kind: 'snapshot-written', database, position };
    if (message === 'write wal segment') return { kind: 'segment-started', database, position };
    if (message === 'wal segment written')
      return { kind: 'segment-written', database, position, sizeBytes: Number(fields['sz'] ?? 0) };
  }
  return { kind: 'other', database, message };
}

function findDatabase(path: string | undefined): DatabaseName | undefined {
  return path === undefined ? undefined : DATABASES.find((name) => databaseFileName(name) === basename(path));
}
