import { Global, Module } from '@nestjs/common';
import { AuditRepository } from './audit.repository.js';
import { AuditSegments } from './audit-segments.js';
import { AuditThreads } from './audit-thread.js';
import { AuditService } from './audit.service.js';

/** The audit log, for every service that changes something. */
@Global()
@Module({
  providers: [AuditRepository, AuditThreads, AuditSegments, AuditService],
  exports: [AuditService, AuditSegments, AuditRepository],
})
export class AuditModule {}
