import { Module } from '@nestjs/common';
import { ReviewsModule } from '../reviews/reviews.module.js';
import { AppRemovalService } from './app-removal.service.js';
import { AppsController } from './apps.controller.js';
import { AppsRepository } from './apps.repository.js';
import { AppsService } from './apps.service.js';
import { IconEncoder } from './icon-encoder.js';
import { IconsService } from './icons.service.js';
import { ListingsService } from './listings.service.js';

@Module({
  imports: [ReviewsModule],
  controllers: [AppsController],
  providers: [AppsRepository, AppsService, ListingsService, AppRemovalService, IconEncoder, IconsService],
  exports: [AppsService, ListingsService, AppRemovalService, IconsService],
})
export class AppsModule {}
