/**
 * Where the queue survives a restart: named byte strings. Keys match `[a-z0-9.-]+`. Calls come one after the other, never
 * two at once; a storage belongs to one running SDK at a time.
 */
export interface TelemetryStorage {
  /** The bytes of `key`, or undefined. */
  read(key: string): Promise<Uint8Array | undefined>;
  /** Replaces `key` whole: after a crash at any moment it holds the old bytes or the new ones. */
  write(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Adds to the end of `key`, creating it. A crash may leave a part of these bytes, and nothing of earlier ones damaged. */
  append(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes `key`, which may be absent. */
  remove(key: string): Promise<void>;
  keys(): Promise<string[]>;
  /** Removes everything but `kept`, what other instances left in the same place included. */
  clear(kept: string): Promise<void>;
  close(): Promise<void>;
}
