import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { SigningKeysModule } from '../signing-keys/signing-keys.module.js';
import { AccountExportService } from './account-export.service.js';
import { AccountsRepository } from './accounts.repository.js';
import { AccountsService } from './accounts.service.js';
import { AuthController } from './auth.controller.js';
import { MeController } from './me.controller.js';
import { ProfileService } from './profile.service.js';

@Module({
  imports: [ApiKeysModule, SigningKeysModule, AppsModule],
  controllers: [AuthController, MeController],
  providers: [AccountsRepository, AccountsService, ProfileService, AccountExportService],
  exports: [AccountsService],
})
export class AccountsModule {}
