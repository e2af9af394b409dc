import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { PNG } from 'pngjs';
import { PackageError } from '../package-error.js';
import { assemblePng, corrupt, pixelBytes, readPngHeader, readPngStructure } from './png-structure.js';

/** Bounds of an image before anything of it is decoded. */
export interface ImageLimits {
  maxBytes: number;
  maxPixelsPerSide: number;
}

export const DEFAULT_IMAGE_LIMITS: ImageLimits = { maxBytes: 1024 * 1024, maxPixelsPerSide: 1024 };

const inflateAsync = promisify(inflate);
const deflateAsync = promisify(deflate);

/**
 * Decodes a PNG and writes its pixels anew as 8-bit RGBA, so that nothing but pixels survives: no metadata, animation,
 * colour profiles or trailing bytes. Size and dimensions are checked before decoding. Throws `image-too-large`,
 * `image-not-png`, `image-dimensions` or `image-corrupt`.
 */
export async function reencodePng(bytes: Buffer, limits: Partial<ImageLimits> = {}): Promise<Buffer> {
  const { maxBytes, maxPixelsPerSide } = { ...DEFAULT_IMAGE_LIMITS, ...limits };
  if (bytes.length > maxBytes) {
    throw new PackageError('image-too-large', `The image has ${bytes.length} bytes; at most ${maxBytes} are allowed.`);
  }
  const { width, height } = readPngHeader(bytes);
  if (width < 1 || height < 1 || width > maxPixelsPerSide || height > maxPixelsPerSide) {
    throw new PackageError(
      'image-dimensions',
      `The image measures ${width} × ${height} pixels; 1 to ${maxPixelsPerSide} a side are allowed.`,
    );
  }
  const { header, leading, packedPixels } = readPngStructure(bytes);
  const expectedBytes = pixelBytes(header);
  let pixels: Buffer;
  try {
    pixels = await inflateAsync(packedPixels, { maxOutputLength: expectedBytes });
  } catch (cause) {
    throw corrupt('has pixels that do not inflate to its dimensions', cause);
  }
  if (pixels.length !== expectedBytes) throw corrupt('has fewer pixels than its dimensions say');
  // The decoder inflates interlaced images without a bound of its own; what it gets here was measured above.
  const bare = assemblePng(leading, await deflateAsync(pixels, { level: 1 }));
  try {
    const decoded = PNG.sync.read(bare);
    const image = new PNG({ width, height });
    decoded.data.copy(image.data);
    // One fixed filter: trying all five for every row costs three times as much and wins little on icons.
    return PNG.sync.write(image, { colorType: 6, inputHasAlpha: true, filterType: 1 });
  } catch (cause) {
    throw corrupt('does not decode', cause);
  }
}
