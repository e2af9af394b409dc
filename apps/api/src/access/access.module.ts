import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.js';
import { AccessRepository } from './access.repository.js';
import { AccessService } from './access.service.js';
import { IngestKeyAccess } from './ingest-key-access.js';

/** Who may do what: the guard in front of every route. */
@Global()
@Module({
  providers: [AccessRepository, AccessService, IngestKeyAccess, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [AccessService, IngestKeyAccess],
})
export class AccessModule {}
