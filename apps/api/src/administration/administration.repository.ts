import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import {
  CoreDatabase,
  type AppStatus,
  type CoreHandle,
  type CoreRow,
  type CoreTransaction,
  type Role,
} from '@mosis/db';

type Position = readonly [string, string];

/** All SQL of the administration: lists over everything, and what only an admin changes. */
@Injectable()
export class AdministrationRepository {
  private readonly byEmail;

  constructor(private readonly db: CoreDatabase) {
    this.byEmail = db.prepareRead(({ email }: { email: string }) =>
      db.read.selectFrom('developers').selectAll().where('email', '=', email),
    );
  }

  /** Newest first. */
  async listDevelopers(
    filter: { q?: string | undefined; role?: Role | undefined },
    limit: number,
    before?: Position,
  ): Promise<CoreRow<'developers'>[]> {
    let query = this.db.scan.selectFrom('developers').selectAll();
    if (filter.role) query = query.where('role', '=', filter.role);
    if (filter.q) {
      const like = toLike(filter.q);
      query = query.where(sql<boolean>`(email LIKE ${like} ESCAPE '\\' OR name LIKE ${like} ESCAPE '\\')`);
    }
    if (before) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(before[0], before[1])));
    return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  }

  /** Newest first. */
  async listApps(
    filter: { q?: string | undefined; status?: AppStatus | undefined; developerId?: string | undefined },
    limit: number,
    before?: number,
  ) {
    let query = this.db.scan
      .selectFrom('apps as a')
      .innerJoin('developers as d', 'd.id', 'a.developer_id')
      .selectAll('a')
      .select(['d.name as owner_name', 'd.email as owner_email']);
    // Said in the text of the query: each state has an index of its own.
    if (filter.status) query = query.where('a.status', '=', sql.lit(filter.status));
    if (filter.developerId) query = query.where('a.developer_id', '=', filter.developerId);
    if (filter.q) {
      const like = toLike(filter.q);
      query = query.where(sql<boolean>`(a.package_id LIKE ${like} ESCAPE '\\' OR a.name LIKE ${like} ESCAPE '\\')`);
    }
    if (before !== undefined) query = query.where('a.seq', '<', before);
    return query.orderBy('a.seq', 'desc').limit(limit).execute();
  }

  /** An e-mail address is unique, ignoring case: this is one look-up, however many accounts there are. */
  async findDeveloperByEmail(email: string): Promise<CoreRow<'developers'> | undefined> {
    return this.byEmail.executeTakeFirst({ email });
  }

  async findDeveloper(id: string, handle: CoreHandle = this.db.read): Promise<CoreRow<'developers'> | undefined> {
    return handle.selectFrom('developers').selectAll().where('id', '=', id).executeTakeFirst();
  }

  async hasOtherAdmin(trx: CoreTransaction, exceptId: string): Promise<boolean> {
    const other = await trx
      .selectFrom('developers')
      .select('id')
      .where('role', '=', 'admin')
      .where('deleted_at', 'is', null)
      .where('suspended_at', 'is', null)
      .where('id', '!=', exceptId)
      .limit(1)
      .executeTakeFirst();
    return other !== undefined;
  }

  async updateDeveloper(
    trx: CoreTransaction,
    id: string,
    change: Partial<CoreRow<'developers'>>,
    now: string,
  ): Promise<void> {
    await trx
      .updateTable('developers')
      .set({ ...change, updated_at: now })
      .where('id', '=', id)
      .execute();
  }

  async updateApp(trx: CoreTransaction, id: string, change: Partial<CoreRow<'apps'>>, now: string): Promise<void> {
    await trx
      .updateTable('apps')
      .set({ ...change, updated_at: now })
      .where('id', '=', id)
      .execute();
  }
}

function toLike(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}
