/** core.db: its tables as types, opening it, and a real one for tests. */
export * from './tables.js';
export * from './core-database.js';
export * from './ids.js';
export * from './testing.js';
export type { Flag } from './columns.js';
