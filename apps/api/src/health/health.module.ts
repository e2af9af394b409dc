import { Module } from '@nestjs/common';
import { AdministrationModule } from '../administration/administration.module.js';
import { ReviewDeskModule } from '../review-desk/review-desk.module.js';
import { TelemetryModule } from '../telemetry/telemetry.module.js';
import { BackupDrillMetrics } from './backup-drill-metrics.js';
import { BackupMetrics } from './backup-metrics.js';
import { HealthController } from './health.controller.js';
import { MetricsService } from './metrics.service.js';
import { ObjectMirrorMetrics } from './object-mirror-metrics.js';
import { TelemetryMetrics } from './telemetry-metrics.js';

@Module({
  imports: [AdministrationModule, ReviewDeskModule, TelemetryModule],
  controllers: [HealthController],
  providers: [MetricsService, TelemetryMetrics, BackupMetrics, BackupDrillMetrics, ObjectMirrorMetrics],
  exports: [MetricsService],
})
export class HealthModule {}
