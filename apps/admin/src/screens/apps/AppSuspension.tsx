import { call } from '../../api/client';
import type { App } from '../../api/schema';
import { Suspension } from '../../ui/Suspension';

/** Takes an app out of the store and away from its developer, or lets it back. */
export function AppSuspension({ app }: { app: App }) {
  const path = { package_id: app.package_id };
  return (
    <Suspension
      name={app.name}
      isSuspended={app.suspended_at !== null}
      action="Suspend it"
      suspend={(reason) => call('POST /v1/admin/apps/{package_id}/suspend', { path, body: { reason } })}
      unsuspend={() => call('POST /v1/admin/apps/{package_id}/unsuspend', { path })}
      lifted={`${app.name} is what it was before.`}
    >
      <p>
        The app leaves the store at once, downloads and updates included, and its developer can change nothing of it.
        Lifting the suspension brings back what was.
      </p>
    </Suspension>
  );
}
