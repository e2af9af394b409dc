import { Global, Module } from '@nestjs/common';
import { BackupDrillRepository } from './backup-drill.repository.js';
import { BackupDrillService } from './backup-drill.service.js';

/** Verifications of the backups, nightly and on demand. */
@Global()
@Module({ providers: [BackupDrillRepository, BackupDrillService], exports: [BackupDrillService] })
export class BackupDrillModule {}
