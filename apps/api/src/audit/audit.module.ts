import { Global, Module } from '@nestjs/common';
import { AuditRepository } from './audit.repository.js';
import { AuditSegments } from './audit-segments.js';
import { AuditService } from './audit.service.js';

/** The audit log, for every service that changes something. */
@Global()
@Module({
  providers: [AuditRepository, AuditSegments, AuditService],
  exports: [AuditService, AuditSegments, AuditRepository],
})
export class AuditModule {}
