import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { ReviewsModule } from '../reviews/reviews.module.js';
import { VersionsModule } from '../versions/versions.module.js';
import { ReviewDeskController } from './review-desk.controller.js';
import { ReviewDeskRepository } from './review-desk.repository.js';
import { ReviewDeskService } from './review-desk.service.js';

@Module({
  imports: [AppsModule, ReviewsModule, VersionsModule],
  controllers: [ReviewDeskController],
  providers: [ReviewDeskRepository, ReviewDeskService],
  exports: [ReviewDeskService],
})
export class ReviewDeskModule {}
