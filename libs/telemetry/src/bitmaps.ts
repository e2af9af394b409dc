import { RoaringArenaAllocator, RoaringBitmap32, using as useAndDispose } from 'roaring-wasm';

export { RoaringBitmap32 } from 'roaring-wasm';

/**
 * Runs `work` and frees every bitmap it made, whether it returns or throws. Bitmaps live in the memory of a WebAssembly
 * module, which no garbage collector tends. Scopes nest; `work` is synchronous, for what a promise does later would be
 * counted to whichever scope is open then.
 */
export function withBitmaps<Result>(work: () => Result): Result {
  return new RoaringArenaAllocator().with(work);
}

/** Takes a bitmap out of the scope it was made in: from now on the caller disposes of it. */
export function keepBitmap(bitmap: RoaringBitmap32): RoaringBitmap32 {
  return RoaringArenaAllocator.current?.escape(bitmap) ?? bitmap;
}

/** Hands one bitmap to `work` and frees it afterwards, whether `work` returns or throws. Synchronous only. */
export function using<Result>(bitmap: RoaringBitmap32, work: (bitmap: RoaringBitmap32) => Result): Result {
  return useAndDispose(bitmap, work) as Result;
}

/**
 * Reads a bitmap in the portable format of Roaring.
 *
 * @throws when the bytes are not one
 */
export function readBitmap(blob: Uint8Array): RoaringBitmap32 {
  // The library takes no bytes at all for an empty bitmap, which is written with eight.
  if (blob.byteLength === 0) throw new Error('An empty blob is not a bitmap.');
  return RoaringBitmap32.deserialize('portable', blob);
}

/** Writes a bitmap in the portable format, runs compressed; equal sets give equal bytes. */
export function writeBitmap(bitmap: RoaringBitmap32): Buffer {
  bitmap.removeRunCompression();
  bitmap.optimize();
  const bytes = bitmap.serialize('portable');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A new bitmap of what is in any of `bitmaps`. */
export function unionOf(bitmaps: readonly RoaringBitmap32[]): RoaringBitmap32 {
  return RoaringBitmap32.orMany(bitmaps);
}

/** A new bitmap of what is in `bitmap` and not in `taken`. */
export function without(bitmap: RoaringBitmap32, taken: RoaringBitmap32): RoaringBitmap32 {
  return RoaringBitmap32.andNot(bitmap, taken);
}

/** How many are in a bitmap. */
export function cardinality(bitmap: RoaringBitmap32): number {
  return bitmap.size;
}
