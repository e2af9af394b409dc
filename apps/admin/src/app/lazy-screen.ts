import { lazyRouteComponent } from '@tanstack/react-router';
import { unreachable } from '../api/problem';

/**
 * A screen whose code is read when it is needed. The router loads the whole page again when code is gone, as after an update of
 * the server; while there is no server that would leave nothing on the screen, so then it is a failed request like others.
 */
export function lazyScreen<Module extends Record<string, unknown>, Name extends keyof Module & string>(
  load: () => Promise<Module>,
  name: Name,
) {
  return lazyRouteComponent(
    () =>
      load().catch(async (error: unknown) => {
        const isThere = await fetch('/healthz').then(
          ({ ok }) => ok,
          () => false,
        );
        throw isThere ? error : unreachable();
      }),
    name,
  );
}
