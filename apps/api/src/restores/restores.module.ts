import { Module } from '@nestjs/common';
import { TableRestoreService } from './table-restore.service.js';
import { TableRowsRepository } from './table-rows.repository.js';

/** Bringing rows back; making a whole directory needs no application. */
@Module({ providers: [TableRowsRepository, TableRestoreService], exports: [TableRestoreService] })
export class RestoresModule {}
