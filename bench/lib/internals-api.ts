/** Parts of the server, as they were built: the benchmark writes rows in their formats, and measures them without HTTP. */
import { crc32 } from 'node:zlib';

const load = async (path: string): Promise<unknown> =>
  import(new URL(`../../apps/api/dist/${path}`, import.meta.url).href);

export const { GENESIS_HASH, hashAuditRow } = (await load(
  'audit/audit-chain.js',
)) as typeof import('../../apps/api/src/audit/audit-chain.js');

export const { hashListing, hashSubject } = (await load(
  'apps/listing.js',
)) as typeof import('../../apps/api/src/apps/listing.js');

export const { isWellFormedKey } = (await load(
  'common/api-key-format.js',
)) as typeof import('../../apps/api/src/common/api-key-format.js');

export const { AccountsRepository } = (await load(
  'accounts/accounts.repository.js',
)) as typeof import('../../apps/api/src/accounts/accounts.repository.js');

export const { AccessRepository } = (await load(
  'access/access.repository.js',
)) as typeof import('../../apps/api/src/access/access.repository.js');

export const { AccessService } = (await load(
  'access/access.service.js',
)) as typeof import('../../apps/api/src/access/access.service.js');

export const { AppsRepository } = (await load(
  'apps/apps.repository.js',
)) as typeof import('../../apps/api/src/apps/apps.repository.js');

export const { StoreRepository } = (await load(
  'store/store.repository.js',
)) as typeof import('../../apps/api/src/store/store.repository.js');

export const { SearchRepository } = (await load(
  'store/search.repository.js',
)) as typeof import('../../apps/api/src/store/search.repository.js');

export const { SearchService } = (await load(
  'store/search.service.js',
)) as typeof import('../../apps/api/src/store/search.service.js');

export const { SearchIndexRepository } = (await load(
  'store/search-index.repository.js',
)) as typeof import('../../apps/api/src/store/search-index.repository.js');

export const { SearchIndexService } = (await load(
  'store/search-index.service.js',
)) as typeof import('../../apps/api/src/store/search-index.service.js');

export const { JobsService } = (await load(
  'jobs/jobs.service.js',
)) as typeof import('../../apps/api/src/jobs/jobs.service.js');

export const { JobsRepository } = (await load(
  'jobs/jobs.repository.js',
)) as typeof import('../../apps/api/src/jobs/jobs.repository.js');

export const { Clock } = (await load('common/clock.js')) as typeof import('../../apps/api/src/common/clock.js');

const { toBase62 } = (await load('common/secrets.js')) as typeof import('../../apps/api/src/common/secrets.js');

/** An API key like the server's own, from characters that a seed decides. @throws when the server would not take it */
export function mintSeededKey(draw: (characters: number) => string): { key: string; displayPrefix: string } {
  const body = `mk_live_${draw(40)}`;
  const key = body + toBase62(crc32(body), 6);
  if (!isWellFormedKey(key)) throw new Error('API keys have another form now: change this.');
  return { key, displayPrefix: `${body.slice(0, 12)}…` };
}
