import type { FoundInDatabase } from '@mosis/sqlite';
import { AuditThread, type WalkedChain } from '../audit/audit-thread.js';
import type { RestoredCoreRepository } from './restored-core.repository.js';

/** The first thing that is wrong with a core.db, in words, or `undefined`. */
export function describeDamage({ structure, rows, references }: FoundInDatabase): string | undefined {
  const [problem] = [...structure, ...rows];
  if (problem !== undefined) return problem;
  if (references.length === 0) return undefined;
  const broken = references.reduce((sum, reference) => sum + reference.rows, 0);
  const pairs = [...new Set(references.map(({ table, parent }) => `${table} → ${parent}`))].join(', ');
  return `${broken} rows point at nothing (${pairs})`;
}

/** Walks the audit rows that are in a core.db, from the end of the moved segments on, in a thread of its own. */
export async function walkRestoredChain(core: RestoredCoreRepository, file: string): Promise<WalkedChain> {
  const thread = new AuditThread({ file, after: core.findChainStart() });
  try {
    return await thread.do('live', {});
  } finally {
    await thread.end();
  }
}
