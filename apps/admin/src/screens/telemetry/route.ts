import { createRoute } from '@tanstack/react-router';
import { lazyScreen } from '../../app/lazy-screen';
import { signedInRoute } from '../../app/routes';
import { readTelemetrySearch } from './telemetry-search';

/** An app's telemetry. */
export const telemetryRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/apps/$packageId/telemetry',
  validateSearch: readTelemetrySearch,
  component: lazyScreen(() => import('./TelemetryScreen'), 'TelemetryScreen'),
});
