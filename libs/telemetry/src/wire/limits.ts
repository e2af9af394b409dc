/** The caps of one upload. */
export interface WireLimits {
  /** The largest body after inflating. */
  maxInflatedBytes: number;
  /** The most events in one batch. */
  maxEvents: number;
  /** The largest `data` of one event, as UTF-8 JSON without spaces. */
  maxDataBytes: number;
  /** How far before its receipt an event may have happened, after clock correction. */
  maxAgeMs: number;
  /** How far the device's clock may be off before its times are corrected. */
  skewToleranceMs: number;
}

/** What the telemetry contract promises. */
export const DEFAULT_WIRE_LIMITS: WireLimits = {
  maxInflatedBytes: 1024 * 1024,
  maxEvents: 500,
  maxDataBytes: 4096,
  maxAgeMs: 7 * 24 * 60 * 60 * 1000,
  skewToleranceMs: 60 * 1000,
};
