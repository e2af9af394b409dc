import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AppsModule } from '../apps/apps.module.js';
import { ReviewsModule } from '../reviews/reviews.module.js';
import { SigningKeysModule } from '../signing-keys/signing-keys.module.js';
import { PackageFileReader } from './package-file-reader.js';
import { PackageFilesService } from './package-files.service.js';
import { PackageVerifier } from './package-verifier.js';
import { UploadReceiver } from './upload-receiver.js';
import { UploadsService } from './uploads.service.js';
import { VersionsController } from './versions.controller.js';
import { VersionsRepository } from './versions.repository.js';
import { VersionsService } from './versions.service.js';
import { YanksService } from './yanks.service.js';

@Module({
  imports: [AppsModule, ReviewsModule, SigningKeysModule, ApiKeysModule],
  controllers: [VersionsController],
  providers: [
    VersionsRepository,
    VersionsService,
    UploadsService,
    UploadReceiver,
    PackageVerifier,
    PackageFileReader,
    PackageFilesService,
    YanksService,
  ],
  exports: [VersionsService, YanksService, UploadsService, UploadReceiver],
})
export class VersionsModule {}
