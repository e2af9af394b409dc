/** Continuous backups with Litestream: configuration, commands, restores. Knows nothing of Nest. */
export * from './location.js';
export * from './litestream/binary.js';
export * from './litestream/config.js';
export * from './litestream/command.js';
export * from './restore/restore-database.js';
