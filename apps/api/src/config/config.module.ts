import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { SETTINGS } from './settings.token.js';
import type { Settings } from './settings.js';

/** Settings and the clock, for everybody. */
@Global()
@Module({})
export class ConfigModule {
  static with(settings: Settings, clock: Clock = new Clock()): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: SETTINGS, useValue: settings },
        { provide: Clock, useValue: clock },
      ],
      exports: [SETTINGS, Clock],
    };
  }
}
