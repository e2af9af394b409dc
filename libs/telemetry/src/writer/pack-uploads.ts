import type { WriterUpload } from './batch-store.js';
import type { PackedUpload } from './messages.js';

/**
 * Puts the bodies of uploads into one buffer that can be handed over without a copy. Small bodies lie in slabs that many
 * share, and a message would copy the whole slab for each of them.
 */
export function packUploads(uploads: readonly WriterUpload[]): { uploads: PackedUpload[]; bodies: ArrayBuffer } {
  const bodies = new Uint8Array(uploads.reduce((sum, { body }) => sum + body.byteLength, 0));
  let offset = 0;
  const packed = uploads.map(({ body, ...rest }) => {
    bodies.set(body, offset);
    offset += body.byteLength;
    return { ...rest, bytes: body.byteLength };
  });
  return { uploads: packed, bodies: bodies.buffer };
}

/** Takes the uploads apart again; their bodies are views of the one buffer. */
export function unpackUploads(packed: readonly PackedUpload[], bodies: ArrayBuffer): WriterUpload[] {
  let offset = 0;
  return packed.map(({ bytes, ...rest }) => {
    const body = new Uint8Array(bodies, offset, bytes);
    offset += bytes;
    return { ...rest, body };
  });
}
