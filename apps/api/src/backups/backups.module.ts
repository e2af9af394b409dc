import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { LitestreamSupervisor } from '@mosis/backup';
import { BackupsService } from './backups.service.js';
import { SUPERVISOR } from './supervisor.token.js';

/** The backups of the running server, for whoever reports on them. Whoever started Litestream stops it. */
@Global()
@Module({})
export class BackupsModule {
  static with(supervisor: LitestreamSupervisor | undefined): DynamicModule {
    return {
      module: BackupsModule,
      providers: [{ provide: SUPERVISOR, useValue: supervisor ?? null }, BackupsService],
      exports: [BackupsService, SUPERVISOR],
    };
  }
}
