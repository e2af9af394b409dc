/**
 * Gives the memory of bytes back at once; they are empty afterwards, and so is everything else that looks into it. Bytes that
 * were waited with are garbage of the old generation, of which V8 lets 64 MiB gather before it collects any. Does nothing to
 * bytes that are a part of other memory, as small buffers are, or that threads share.
 */
export function releaseMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
