import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { CoreDatabase } from '@mosis/db';

/** The open core database, for repositories and for services that own transactions. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly db: CoreDatabase) {}

  static with(db: CoreDatabase): DynamicModule {
    return { module: DatabaseModule, providers: [{ provide: CoreDatabase, useValue: db }], exports: [CoreDatabase] };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.db.close();
  }
}
