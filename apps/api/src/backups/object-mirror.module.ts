import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { ObjectMirror } from '@mosis/backup';
import { ObjectMirrorService } from './object-mirror.service.js';
import { OBJECT_MIRROR } from './object-mirror.token.js';

/** The copies of objects in the backup. The store that they are copied from closes the mirror. */
@Global()
@Module({})
export class ObjectMirrorModule {
  static with(mirror: ObjectMirror | undefined): DynamicModule {
    return {
      module: ObjectMirrorModule,
      providers: [{ provide: OBJECT_MIRROR, useValue: mirror ?? null }, ObjectMirrorService],
      exports: [ObjectMirrorService, OBJECT_MIRROR],
    };
  }
}
