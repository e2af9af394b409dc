import { Module } from '@nestjs/common';
import { SearchIndexRepository } from './search-index.repository.js';
import { SearchIndexService } from './search-index.service.js';
import { SearchRepository } from './search.repository.js';
import { SearchService } from './search.service.js';
import { StoreController } from './store.controller.js';
import { StoreRepository } from './store.repository.js';
import { StoreService } from './store.service.js';

@Module({
  controllers: [StoreController],
  providers: [
    SearchIndexRepository,
    SearchIndexService,
    SearchRepository,
    SearchService,
    StoreRepository,
    StoreService,
  ],
})
export class StoreModule {}
