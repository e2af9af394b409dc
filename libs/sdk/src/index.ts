/** The telemetry SDK of devices. */
export {};
