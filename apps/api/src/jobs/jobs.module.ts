import { Global, Module } from '@nestjs/common';
import { JobsRepository } from './jobs.repository.js';
import { JobsService } from './jobs.service.js';

/** Background work, for every service that leaves some. */
@Global()
@Module({ providers: [JobsRepository, JobsService], exports: [JobsService, JobsRepository] })
export class JobsModule {}
