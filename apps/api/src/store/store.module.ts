import { Module } from '@nestjs/common';
import { SearchRepository } from './search.repository.js';
import { SearchService } from './search.service.js';
import { StoreController } from './store.controller.js';
import { StoreRepository } from './store.repository.js';
import { StoreService } from './store.service.js';

@Module({ controllers: [StoreController], providers: [SearchRepository, StoreRepository, SearchService, StoreService] })
export class StoreModule {}
