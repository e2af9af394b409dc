import type { Readable } from 'node:stream';

/** One stored object, without its bytes. */
export interface ObjectInfo {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
}

/** Byte positions as in an HTTP Range: zero-based, `end` inclusive. An `end` past the object is cut to its last byte. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface PutFileOptions {
  /** Hex SHA-256 the file must have; bytes that differ are refused with `object-digest-mismatch`. */
  sha256: string;
  contentType?: string;
  /**
   * The caller gives the file away: it is gone when the put succeeds, and the directory adapter links it instead of
   * copying. Nothing may write to it any more. When the put fails the file stays.
   */
  consume?: boolean;
  /** Allows another object's bytes under this key to be replaced, atomically. */
  replace?: boolean;
}

export interface PutFileResult {
  /** False when the key already held exactly these bytes. */
  created: boolean;
  /** True when the key names its digest and held other bytes (damage, or a crash before a sync) that were put right. */
  healed: boolean;
}

export interface PutBytesOptions {
  contentType?: string;
  /** Allows another object's bytes under this key to be replaced, atomically. */
  replace?: boolean;
}

/** An opened object. The stream must be read to its end or destroyed: it holds a file or a connection. */
export interface OpenedObject {
  stream: Readable;
  /** Size of the whole object, also when a range was asked for. */
  sizeBytes: number;
}

/**
 * Where packages, icons, archives and exports live. Keys are relative POSIX paths (see `assertObjectKey`).
 *
 * A key whose last segment is a hex SHA-256, with or without an extension, names its content: it takes those bytes and
 * no others, whatever the options, so that a package under its digest cannot change. Every method throws
 * `ObjectStoreError`; a missing object is `ObjectNotFoundError`. Errors of the caller's own files pass as they are.
 */
export interface ObjectStore {
  /**
   * Stores a local file, durably before it resolves. A key that holds the same bytes is left as it is, other bytes are
   * `object-exists` unless `replace` is set or the key names this digest. What is there is hashed, never trusted by name.
   */
  putFile(key: string, filePath: string, options: PutFileOptions): Promise<PutFileResult>;
  /** Stores bytes under the same rules as `putFile`. Readers see the old object or the new one, never a mix. */
  putBytes(key: string, bytes: Buffer, options?: PutBytesOptions): Promise<void>;
  /** Opens an object, or a range of it. A range that starts past the last byte is `object-range-invalid`. */
  open(key: string, range?: ByteRange): Promise<OpenedObject>;
  /** Reads a whole object into memory; more than `maxBytes` is `object-too-large`, found out before it is read. */
  readBytes(key: string, maxBytes: number): Promise<Buffer>;
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose key starts with `prefix` (a string prefix, not a folder), in ascending order of their keys. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Removes an object; resolves also when there is none. */
  delete(key: string): Promise<void>;
  /** Reads an object to its end and answers what its bytes are, in flat memory. */
  hash(key: string): Promise<{ sha256: string; sizeBytes: number }>;
  /** Directory adapter only: where the object's file is, or would be. The file must not be written to. */
  localPath?(key: string): string;
  /**
   * Hands `fn` a file with the object's bytes for tools that need random access: the directory adapter's own file, or a
   * copy in `scratchDir` that is removed afterwards. `fn` must not write to it or use the path after it settles.
   */
  withLocalFile<T>(key: string, scratchDir: string, fn: (path: string) => Promise<T>): Promise<T>;
  /** Writes, reads, lists and deletes a probe object; its error says what to do. */
  check(): Promise<void>;
  /**
   * Directory adapter only: removes what killed processes left half-written, and answers how many files that were. Give
   * an age no running put of another process reaches; this process' own puts are never touched.
   */
  sweep?(olderThanMs: number): Promise<number>;
  /** Where the objects are, for logs, without credentials. */
  describe(): string;
  close(): Promise<void>;
}
