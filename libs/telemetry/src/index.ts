/** Telemetry: wire format, writer, day partitions, rollups, retention, queries, export. */
export {};
