/** Opening, migrating and what goes with it, without Kysely: what a thread loads that speaks SQL itself, for memory's sake. */
export * from './open.js';
export * from './integrity/index.js';
export * from './compiled-module.js';
export * from './background-thread.js';
export * from './sqlite-error.js';
export { Mutex } from './mutex.js';
export * from './migrate/index.js';
