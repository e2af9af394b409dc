import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AdministrationModule } from '../administration/administration.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { IngestKeysModule } from '../ingest-keys/ingest-keys.module.js';
import { ReviewDeskModule } from '../review-desk/review-desk.module.js';
import { SigningKeysModule } from '../signing-keys/signing-keys.module.js';
import { TelemetryModule } from '../telemetry/telemetry.module.js';
import { VersionsModule } from '../versions/versions.module.js';
import { DemoCast } from './demo-cast.js';
import { DemoDevices } from './demo-devices.js';
import { DemoService } from './demo.service.js';

@Module({
  imports: [
    AccountsModule,
    AdministrationModule,
    AppsModule,
    IngestKeysModule,
    ReviewDeskModule,
    SigningKeysModule,
    TelemetryModule,
    VersionsModule,
  ],
  providers: [DemoService, DemoCast, DemoDevices],
  exports: [DemoService],
})
export class DemoModule {}
