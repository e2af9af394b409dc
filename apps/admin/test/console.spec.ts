import { testAccessibility } from './console/accessibility.js';
import { testAdministration } from './console/administration.js';
import { testOwnAccount } from './console/own-account.js';
import { testQueue } from './console/queue.js';
import { testReviewing } from './console/reviewing.js';
import { testFirstSignIn } from './console/first-sign-in.js';
import { testFailedDrill, testServerAway, testUntriedBackups } from './console/system.js';
import { testTelemetry } from './console/telemetry.js';
import { SET_UP_MS, Stage } from './support/stage.js';

describe('the console in a browser', () => {
  const stage = new Stage();
  beforeAll(() => stage.begin(), SET_UP_MS);
  afterAll(() => stage.end());

  // In the order of a day: what one subject decides, the next one finds decided.
  testFirstSignIn(stage);
  testQueue(stage);
  testReviewing(stage);
  testOwnAccount(stage);
  testUntriedBackups(stage);
  testAdministration(stage);
  testTelemetry(stage);
  testAccessibility(stage);
  testServerAway(stage);
  testFailedDrill(stage);

  it('did all that without an error of its own, a stranger’s address, or a refusal that nobody expected', () => {
    const { faults, strangers, refusals } = stage.browser.findings;
    expect({ faults, strangers }).toEqual({ faults: [], strangers: [] });
    // A page whose session has ended may read anew before the dialog is answered.
    const unexpected = refusals.filter((refusal) => !/^GET \/v1\/admin\/.* 401$/.test(refusal));
    expect([...new Set(unexpected)].sort()).toEqual([
      'GET /v1/admin/reviews 403',
      'GET /v1/admin/reviews/summary 403',
      'GET /v1/me 401',
      'POST /v1/admin/reviews/{id}/decision 401',
      'POST /v1/admin/reviews/{id}/decision 409',
      'POST /v1/auth/login 401',
    ]);
  });
});
