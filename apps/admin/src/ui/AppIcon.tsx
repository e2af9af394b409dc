import { useState } from 'react';
import { addressOf } from '../api/client';
import classes from './AppIcon.module.css';

/** An icon of an app at its real size, or a plain square where there is none any more. */
export function AppIcon({ packageId, sha256, label }: { packageId: string; sha256: string | null; label?: string }) {
  const [isGone, setGone] = useState(false);
  if (sha256 === null || isGone) {
    return (
      <span className={classes.none} role={label ? 'img' : undefined} aria-label={label && `${label}: not kept`}>
        {sha256 === null ? 'no icon' : 'not kept'}
      </span>
    );
  }
  return (
    <img
      className={classes.icon}
      width={56}
      height={56}
      alt={label ?? ''}
      src={addressOf('GET /v1/apps/{package_id}/icons/{sha256}', { package_id: packageId, sha256 })}
      onError={() => setGone(true)}
    />
  );
}
