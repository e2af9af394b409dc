import { Module } from '@nestjs/common';
import { AppsModule } from '../apps/apps.module.js';
import { IngestKeysController } from './ingest-keys.controller.js';
import { IngestKeysRepository } from './ingest-keys.repository.js';
import { IngestKeysService } from './ingest-keys.service.js';

@Module({
  imports: [AppsModule],
  controllers: [IngestKeysController],
  providers: [IngestKeysRepository, IngestKeysService],
  exports: [IngestKeysService],
})
export class IngestKeysModule {}
