import { Module } from '@nestjs/common';
import { AdministrationModule } from '../administration/administration.module.js';
import { ReviewDeskModule } from '../review-desk/review-desk.module.js';
import { HealthController } from './health.controller.js';
import { MetricsService } from './metrics.service.js';

@Module({
  imports: [AdministrationModule, ReviewDeskModule],
  controllers: [HealthController],
  providers: [MetricsService],
  exports: [MetricsService],
})
export class HealthModule {}
