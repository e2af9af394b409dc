import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import type { LitestreamSupervisor, ObjectMirror } from '@mosis/backup';
import type { CoreDatabase } from '@mosis/db';
import type { ObjectStore } from '@mosis/object-store';
import type { TelemetryEngine } from '@mosis/telemetry';
import { AccessModule } from './access/access.module.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { AdministrationModule } from './administration/administration.module.js';
import { ApiKeysModule } from './api-keys/api-keys.module.js';
import { AppsModule } from './apps/apps.module.js';
import { AuditModule } from './audit/audit.module.js';
import { BackupDrillModule } from './backups/backup-drill.module.js';
import { BackupsModule } from './backups/backups.module.js';
import { ObjectMirrorModule } from './backups/object-mirror.module.js';
import { Clock } from './common/clock.js';
import { ProblemFilter } from './common/problem.filter.js';
import { SchemaPipe } from './common/validation.pipe.js';
import { ConfigModule } from './config/config.module.js';
import type { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { DemoModule } from './demo/demo.module.js';
import { HealthModule } from './health/health.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { IngestKeysModule } from './ingest-keys/ingest-keys.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { LimitsModule } from './limits/limits.module.js';
import { MailModule } from './mail/mail.module.js';
import { ObjectsModule } from './objects/objects.module.js';
import { RestoresModule } from './restores/restores.module.js';
import { ReviewDeskModule } from './review-desk/review-desk.module.js';
import { SigningKeysModule } from './signing-keys/signing-keys.module.js';
import { StoreModule } from './store/store.module.js';
import { TelemetryEngineModule } from './telemetry/telemetry-engine.module.js';
import { TelemetryModule } from './telemetry/telemetry.module.js';
import { VersionsModule } from './versions/versions.module.js';

/** What the application is made from; opened by whoever starts it. */
export interface Parts {
  settings: Settings;
  db: CoreDatabase;
  objects: ObjectStore;
  telemetry: TelemetryEngine;
  /** Absent where nothing is backed up by design: in tests, and in commands that live for a moment. */
  backup?: LitestreamSupervisor;
  /** Absent where nothing is backed up by design. */
  mirror?: ObjectMirror;
  clock?: Clock;
}

/** The whole application. */
@Module({})
export class AppModule {
  static with({ settings, db, objects, telemetry, backup, mirror, clock }: Parts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(settings, clock),
        DatabaseModule.with(db),
        ObjectsModule.with(objects),
        TelemetryEngineModule.with(telemetry),
        BackupsModule.with(backup),
        ObjectMirrorModule.with(mirror),
        BackupDrillModule,
        LimitsModule,
        JobsModule,
        MailModule,
        AuditModule,
        AccessModule,
        IdempotencyModule,
        AccountsModule,
        ApiKeysModule,
        SigningKeysModule,
        AppsModule,
        VersionsModule,
        IngestKeysModule,
        ReviewDeskModule,
        RestoresModule,
        AdministrationModule,
        StoreModule,
        TelemetryModule,
        HealthModule,
        DemoModule,
      ],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: SchemaPipe },
      ],
    };
  }
}
