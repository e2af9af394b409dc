import { openCoreDatabase, type CoreDatabase } from '@mosis/db';
import { AccessRepository, AccessService, AccountsRepository, AppsRepository } from '../lib/internals-api.ts';
import { Clock, SearchRepository, SearchService, StoreRepository } from '../lib/internals-api.ts';
import type { StoreDataset } from '../seed/store/store-dataset.ts';

/** A question that the data model exists for, asked in process; `httpPath` and `barePath` are the same over HTTP. */
export interface Question {
  what: string;
  /** The p99 that is wanted, milliseconds. */
  targetMs: number;
  ask: (round: number) => Promise<unknown>;
  httpPath?: (round: number) => string;
  barePath?: (round: number) => string;
  /** Over HTTP it is asked with the developer's API key, or with the admin's session. */
  as?: 'key' | 'admin';
}

/** The parts of the server that answer, on a data set's file. */
export class OpenStore {
  readonly #db: CoreDatabase;
  readonly #access: InstanceType<typeof AccessService>;
  readonly questions: Question[];

  constructor(dataset: StoreDataset) {
    this.#db = openCoreDatabase(dataset.folder);
    const accounts = new AccountsRepository(this.#db);
    const apps = new AppsRepository(this.#db);
    const store = new StoreRepository(this.#db);
    const search = new SearchService(new SearchRepository(this.#db), store);
    this.#access = new AccessService(new AccessRepository(this.#db), new Clock());
    const { emails, developerIds, packageIds, words } = dataset.samples;
    const of = (list: readonly string[], round: number) => list[round % list.length] as string;
    const pairOf = (round: number) => `${of(words, round)} ${of(words, round * 7 + 3)}`;
    const tagOf = (round: number) => of(words, round * 3 + 1);
    const searchFor = (query: { q: string; tag?: string }) => search.search({ limit: 50, ...query });
    this.questions = [
      {
        what: 'developer by e-mail',
        targetMs: 5,
        ask: (round) => accounts.findByEmail(of(emails, round)),
        httpPath: (round) => `/v1/admin/developers?q=${encodeURIComponent(of(emails, round))}`,
        barePath: (round) => `/developer?email=${encodeURIComponent(of(emails, round))}`,
        as: 'admin',
      },
      {
        what: 'apps of a developer',
        targetMs: 5,
        ask: (round) => apps.list(of(developerIds, round), { packageIds: null }, 50),
        // Over HTTP always the same developer's, whose key is known.
        httpPath: () => '/v1/apps?limit=50',
        barePath: () => `/apps?developer=${dataset.measuredDeveloperId}`,
        as: 'key',
      },
      {
        what: 'app with its latest version',
        targetMs: 5,
        ask: (round) => store.findOffer(of(packageIds, round)),
        httpPath: (round) => `/v1/store/apps/${of(packageIds, round)}`,
        barePath: (round) => `/app/${of(packageIds, round)}`,
      },
      {
        what: 'search by one word of the texts, as often as it is used there',
        targetMs: 20,
        ask: (round) => searchFor({ q: of(words, round) }),
        httpPath: (round) => `/v1/store/apps?limit=50&q=${encodeURIComponent(of(words, round))}`,
        barePath: (round) => `/search?q=${encodeURIComponent(of(words, round))}`,
      },
      {
        what: 'search by two words',
        targetMs: 20,
        ask: (round) => searchFor({ q: pairOf(round) }),
      },
      {
        what: 'search by a word and a tag',
        targetMs: 20,
        ask: (round) => searchFor({ q: of(words, round), tag: tagOf(round) }),
      },
    ];
  }

  /** What every request with an API key costs before anything else. */
  async checkKey(key: string): Promise<void> {
    await this.#access.authenticate({ kind: 'api_key', key }, 'bench');
  }

  async close(): Promise<void> {
    await this.#access.onModuleDestroy();
    await this.#db.close();
  }
}
