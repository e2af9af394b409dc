import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Inject } from '@nestjs/common';
import type { ObjectStore } from '@mosis/object-store';
import { OBJECT_STORE } from './object-store.token.js';
import { ObjectsRepository } from './objects.repository.js';
import { ObjectsService } from './objects.service.js';
import { VerifiedObjectsService } from './verified-objects.service.js';

/** Packages and icons, stored by content. */
@Global()
@Module({})
export class ObjectsModule implements OnApplicationShutdown {
  constructor(@Inject(OBJECT_STORE) private readonly store: ObjectStore) {}

  static with(store: ObjectStore): DynamicModule {
    return {
      module: ObjectsModule,
      providers: [
        { provide: OBJECT_STORE, useValue: store },
        ObjectsRepository,
        ObjectsService,
        VerifiedObjectsService,
      ],
      exports: [OBJECT_STORE, ObjectsService, VerifiedObjectsService],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
