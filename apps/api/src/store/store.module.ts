import { Module } from '@nestjs/common';
import { SearchService } from './search.service.js';
import { StoreController } from './store.controller.js';
import { StoreRepository } from './store.repository.js';
import { StoreService } from './store.service.js';

@Module({ controllers: [StoreController], providers: [StoreRepository, SearchService, StoreService] })
export class StoreModule {}
