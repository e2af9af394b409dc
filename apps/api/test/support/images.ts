import { PNG } from 'pngjs';

/** A PNG whose pixels differ with its side. */
export function png(side: number): Buffer {
  const image = new PNG({ width: side, height: side });
  for (let index = 0; index < image.data.length; index += 1) image.data[index] = (index * 7 + side) & 0xff;
  return PNG.sync.write(image);
}
