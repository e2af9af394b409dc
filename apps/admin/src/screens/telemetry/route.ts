import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { signedInRoute } from '../../app/routes';
import { readTelemetrySearch } from './telemetry-search';

/** An app's telemetry. */
export const telemetryRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/apps/$packageId/telemetry',
  validateSearch: readTelemetrySearch,
  component: lazyRouteComponent(() => import('./TelemetryScreen'), 'TelemetryScreen'),
});
