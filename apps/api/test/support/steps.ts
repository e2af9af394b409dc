import {
  addSigningKey,
  expectStatus,
  findPendingReview,
  publishVersion,
  unique,
  upload,
  type PackageContent,
  type Person,
  type Publisher,
} from './actors.js';
import type { Answer } from './client.js';

type Content = Omit<PackageContent, 'packageId'>;

/** Another drafted app of the same developer, with the same key: cheaper than another developer. */
export async function newApp(publisher: Publisher, listing: Record<string, unknown> = {}): Promise<Publisher> {
  const packageId = `com.example.${unique('app')}`;
  expectStatus(await publisher.client.post('/v1/apps', { package_id: packageId, name: 'Test app', ...listing }), 201);
  return { ...publisher, packageId };
}

/** The address of a version. */
export function versionUrl(publisher: Publisher, versionCode: number): string {
  return `/v1/apps/${publisher.packageId}/versions/${versionCode}`;
}

/** Uploads and submits a version; answers the submitted one. */
export async function submitVersion(publisher: Publisher, content: Content = {}): Promise<Answer> {
  const uploaded = await upload(publisher, content);
  expectStatus(uploaded, 201);
  const submitted = await publisher.client.post(`${versionUrl(publisher, uploaded.body.version_code)}/submit`);
  expectStatus(submitted, 200);
  return submitted;
}

/** Decides on the pending review of an app; answers the decided review. */
export async function decide(
  reviewer: Person,
  packageId: string,
  decision: 'approve' | 'reject',
  kind: 'version' | 'listing' = 'version',
): Promise<Answer> {
  const review = await findPendingReview(reviewer, packageId, kind);
  const notes = decision === 'reject' ? 'Not like this.' : '';
  const decided = await reviewer.client.post(`/v1/admin/reviews/${review}/decision`, { decision, notes });
  expectStatus(decided, 200);
  return decided;
}

/** Uploads, submits and has approved; answers the version as it was submitted. */
export async function approveVersion(publisher: Publisher, reviewer: Person, content: Content = {}): Promise<Answer> {
  const submitted = await submitVersion(publisher, content);
  await decide(reviewer, publisher.packageId, 'approve');
  return submitted;
}

/** Publishes another version, signed by a new key of the same developer. */
export async function publishWithNewKey(publisher: Publisher, reviewer: Person, content: Content): Promise<Answer> {
  const key = await addSigningKey(publisher);
  return publishVersion({ ...publisher, key }, reviewer, content);
}
