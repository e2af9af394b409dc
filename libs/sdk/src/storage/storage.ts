/**
 * Where the queue survives a restart: a journal, to which is added and which is replaced now and then, and a device record.
 * Calls come one after the other, never two at once; a storage belongs to one running SDK at a time.
 */
export interface TelemetryStorage {
  /** The device record and the journal; '' for what is not there. */
  read(): Promise<[device: string, journal: string]>;
  /**
   * Adds to the journal. A crash may leave a part of the text, and damages nothing before it. With `sync` this and all
   * before it outlives a loss of power.
   */
  append(text: string, sync?: boolean): Promise<void>;
  /** Replaces the journal whole, and lastingly: after a crash at any moment it holds the old text or the new one. */
  replace(text: string): Promise<void>;
  /** Replaces the device record, then removes everything else, what other instances left in the same place included. */
  erase(device: string): Promise<void>;
  close?(): Promise<void>;
}
