import { Global, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { TelemetryEngine } from '@mosis/telemetry';

/** The open telemetry engine, for whoever sends to it or asks it. */
@Global()
@Module({})
export class TelemetryEngineModule implements OnApplicationShutdown {
  constructor(private readonly engine: TelemetryEngine) {}

  static with(engine: TelemetryEngine): DynamicModule {
    return {
      module: TelemetryEngineModule,
      providers: [{ provide: TelemetryEngine, useValue: engine }],
      exports: [TelemetryEngine],
    };
  }

  /** HTTP has stopped by now, so what was accepted is answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.engine.close();
  }
}
