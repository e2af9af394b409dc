import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { AdHocController } from './ad-hoc.controller.js';
import { AdHocService } from './ad-hoc.service.js';
import { ErasuresController } from './erasures.controller.js';
import { ErasuresService } from './erasures.service.js';
import { IngestController } from './ingest.controller.js';
import { IngestService } from './ingest.service.js';
import { RawEventsController } from './raw-events.controller.js';
import { ReportsController } from './reports.controller.js';
import { ReportsService } from './reports.service.js';
import { TelemetryJobsService } from './telemetry-jobs.service.js';
import { TelemetryStatusService } from './telemetry-status.service.js';

/** Telemetry over HTTP: taking it in, telling it, and keeping the engine in order. */
@Module({
  imports: [AppsModule],
  controllers: [IngestController, ReportsController, RawEventsController, AdHocController, ErasuresController],
  providers: [
    IngestService,
    ReportsService,
    AdHocService,
    ErasuresService,
    TelemetryJobsService,
    TelemetryStatusService,
  ],
  exports: [IngestService, TelemetryJobsService, TelemetryStatusService],
})
export class TelemetryModule {}
