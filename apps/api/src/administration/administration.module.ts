import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { ReviewDeskModule } from '../review-desk/review-desk.module.js';
import { SigningKeysModule } from '../signing-keys/signing-keys.module.js';
import { TelemetryModule } from '../telemetry/telemetry.module.js';
import { VersionsModule } from '../versions/versions.module.js';
import { AdministrationController } from './administration.controller.js';
import { AdministrationRepository } from './administration.repository.js';
import { AdministrationService } from './administration.service.js';
import { AuditLogService } from './audit-log.service.js';
import { SystemService } from './system.service.js';

@Module({
  imports: [
    AccountsModule,
    AppsModule,
    ApiKeysModule,
    SigningKeysModule,
    VersionsModule,
    ReviewDeskModule,
    TelemetryModule,
  ],
  controllers: [AdministrationController],
  providers: [AdministrationRepository, AdministrationService, AuditLogService, SystemService],
  exports: [SystemService, AdministrationService],
})
export class AdministrationModule {}
