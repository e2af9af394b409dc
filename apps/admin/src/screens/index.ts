import { accountRoute } from './account/route';
import { apiKeysRoute } from './api-keys/route';
import { appRoute, appsRoute } from './apps/route';
import { auditRoute } from './audit/route';
import { developerRoute, developersRoute } from './developers/route';
import { forgotPasswordRoute, resetPasswordRoute, setupRoute, verifyEmailRoute } from './mail-links/route';
import { queueRoute, reviewRoute } from './reviews/route';
import { systemRoute } from './system/route';
import { telemetryRoute } from './telemetry/route';

/** Every screen, by whether it needs a sign-in. A new screen is a folder beside this file, a line here and its path in ../paths.ts. */
export const screens = {
  signedIn: [
    queueRoute,
    reviewRoute,
    appsRoute,
    appRoute,
    telemetryRoute,
    developersRoute,
    developerRoute,
    auditRoute,
    systemRoute,
    accountRoute,
    apiKeysRoute,
  ],
  public: [setupRoute, verifyEmailRoute, resetPasswordRoute, forgotPasswordRoute],
} as const;
