import { useEffect, useRef, useState } from 'react';
import { formatBytes } from '../../ui/format';
import classes from './FileView.module.css';

const SHOWN_PX = 320;

/** A picture out of a package, drawn: the page may load pictures from the server only, and this one is bytes. */
export function ImageView({ image, label }: { image: Blob; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<string>();
  useEffect(() => {
    let isGone = false;
    void createImageBitmap(image).then(
      (bitmap) => {
        if (isGone || !canvas.current) return;
        const scale = Math.min(1, SHOWN_PX / Math.max(bitmap.width, bitmap.height));
        canvas.current.width = Math.max(1, Math.round(bitmap.width * scale));
        canvas.current.height = Math.max(1, Math.round(bitmap.height * scale));
        canvas.current.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.current.width, canvas.current.height);
        setSize(`${bitmap.width} × ${bitmap.height}, ${formatBytes(image.size)}`);
      },
      () => setSize('It cannot be read as a picture.'),
    );
    return () => {
      isGone = true;
    };
  }, [image]);
  return (
    <figure className={classes.image}>
      <canvas ref={canvas} width={1} height={1} role="img" aria-label={label} />
      <figcaption>{size}</figcaption>
    </figure>
  );
}
