/** Whether a database is sound: pages, indexes, rules of tables, references. */
export { findDamage, type DatabaseDamage } from './find-damage.js';
export { lookThrough, type BrokenReference, type FoundInDatabase, type LookThroughOptions } from './look-through.js';
