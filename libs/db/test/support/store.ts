import { createHash } from 'node:crypto';
import type { RawConnection } from '@mosis/sqlite';
import { newId } from '../../src/ids.js';

export const NOW = '2026-11-21T10:00:00.000Z';
export const LATER = '2026-11-22T10:00:00.000Z';
export const REQUIRED_CHECKS = ['archive', 'signature', 'manifest', 'secrets', 'images'] as const;

type Row = Record<string, string | number | null | undefined>;

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The columns of an app that a review covers. */
const LISTING = ['name', 'description', 'category', 'tags', 'icon_sha256', 'developer_name'] as const;
const pickListing = (row: Row): Row => Object.fromEntries(LISTING.map((column) => [column, row[column] ?? null]));

/** The statements of the application's services, as they send them, on one connection. */
export class Store {
  constructor(readonly db: RawConnection) {}

  run(sql: string, parameters: Row = {}): number {
    return this.db.prepare(sql).run(parameters).changes;
  }

  get(table: string, id: string): Row {
    return this.db.prepare(`SELECT * FROM ${table} WHERE id = ?`).get(id) as Row;
  }

  insert(table: string, row: Row, verb = 'INSERT'): string {
    const columns = Object.keys(row);
    this.run(`${verb} INTO ${table} (${columns.join()}) VALUES (${columns.map((column) => `@${column}`).join()})`, row);
    return row['id'] as string;
  }

  update(table: string, id: string, changes: Row, verb = 'UPDATE'): void {
    const assignments = Object.keys(changes).map((column) => `${column} = @${column}`);
    this.run(`${verb} ${table} SET ${assignments.join()} WHERE id = @where_id`, { ...changes, where_id: id });
  }

  developer(changes: Row = {}): string {
    const id = newId();
    const row = { id, email: `${id}@example.com`, name: 'Ada', created_at: NOW, updated_at: NOW, ...changes };
    return this.insert('developers', row);
  }

  reviewer(changes: Row = {}): string {
    return this.developer({ role: 'reviewer', name: 'Rita', ...changes });
  }

  signingKey(developerId: string, changes: Row = {}): string {
    const id = newId();
    const row = { id, developer_id: developerId, name: 'laptop', public_key: `PEM ${id}`, fingerprint: sha256(id) };
    return this.insert('signing_keys', { ...row, created_at: NOW, ...changes });
  }

  deactivateKey(id: string): void {
    this.update('signing_keys', id, { is_active: 0, deactivated_at: LATER });
  }

  app(developerId: string, changes: Row = {}): string {
    const id = newId();
    const row = { id, developer_id: developerId, package_id: `com.example.a${id.replaceAll('-', '')}`, name: 'Chess' };
    return this.insert('apps', { ...row, developer_name: 'Ada', created_at: NOW, updated_at: NOW, ...changes });
  }

  versionRow(appId: string, signingKeyId: string, versionCode: number, changes: Row = {}): Row {
    const id = newId();
    const content = { version_name: `${versionCode}.0.0`, package_size: 1000, package_sha256: sha256(id) };
    const files = {
      package_url: '/v1/store/packages/x',
      signature: 'c2ln',
      permissions: '[]',
      manifest: '{}',
      files: '[]',
    };
    const row = { id, app_id: appId, version_code: versionCode, signing_key_id: signingKeyId, ...content, ...files };
    return { ...row, min_mosis_version: '1.0.0', created_at: NOW, updated_at: NOW, ...changes };
  }

  /** An upload with every required check passed. */
  upload(appId: string, signingKeyId: string, versionCode: number, changes: Row = {}): string {
    const id = this.insert('app_versions', this.versionRow(appId, signingKeyId, versionCode, changes));
    for (const name of REQUIRED_CHECKS) this.check(id, name, 'passed');
    return id;
  }

  checkRow(versionId: string, name: string, status: string, changes: Row = {}): Row {
    const { package_sha256: digest = null } = this.get('app_versions', versionId);
    const row = { id: newId(), version_id: versionId, package_sha256: digest, name, required: 1, run: 1, status };
    return { ...row, started_at: NOW, finished_at: NOW, ...changes };
  }

  check(versionId: string, name: string, status: string, changes: Row = {}): string {
    return this.insert('check_results', this.checkRow(versionId, name, status, changes));
  }

  revisionRow(appId: string, changes: Row = {}): Row {
    const row: Row = { ...pickListing(this.get('apps', appId)), ...changes };
    const digest = sha256(JSON.stringify(pickListing(row)));
    return { id: newId(), app_id: appId, state: 'waiting', listing_sha256: digest, created_at: NOW, ...row };
  }

  revision(appId: string, changes: Row = {}): string {
    return this.insert('app_revisions', this.revisionRow(appId, changes));
  }

  reviewRow(kind: 'version' | 'listing', appId: string, revisionId: string, changes: Row = {}): Row {
    const row = { id: newId(), kind, app_id: appId, version_id: null, revision_id: revisionId, reasons: '[]' };
    const times = { submitted_at: NOW, due_at: LATER, submitted_by: this.get('apps', appId)['developer_id'] ?? null };
    return { ...row, ...times, subject_sha256: sha256(revisionId), ...changes };
  }

  subjectOf(versionId: string, revisionId: string): string {
    const digests = [
      this.get('app_versions', versionId)['package_sha256'],
      this.get('app_revisions', revisionId)['listing_sha256'],
    ];
    return sha256(digests.join());
  }

  /** Draft → review: the listing it ships with, its review, and the frozen version. */
  submit(versionId: string): { reviewId: string; revisionId: string } {
    const appId = this.get('app_versions', versionId)['app_id'] as string;
    const waiting = this.db
      .prepare(`SELECT id FROM app_revisions WHERE app_id = ? AND state = 'waiting'`)
      .pluck()
      .get(appId);
    const live = this.get('apps', appId)['live_revision_id'] as string | null;
    const revisionId = live ?? (waiting as string | undefined) ?? this.revision(appId);
    const subject = this.subjectOf(versionId, revisionId);
    const about = { version_id: versionId, subject_sha256: subject };
    const reviewId = this.insert('reviews', this.reviewRow('version', appId, revisionId, about));
    this.update('app_versions', versionId, { status: 'review', subject_sha256: subject, submitted_at: NOW });
    return { reviewId, revisionId };
  }

  decide(reviewId: string, decision: 'approved' | 'rejected', reviewerId: string, changes: Row = {}): void {
    const notes = decision === 'rejected' ? 'It crashes.' : null;
    this.update('reviews', reviewId, { decision, reviewer_id: reviewerId, notes, decided_at: LATER, ...changes });
  }

  approve(versionId: string, reviewId: string, reviewerId: string): void {
    this.decide(reviewId, 'approved', reviewerId);
    this.update('app_versions', versionId, { status: 'approved' });
  }

  reject(versionId: string, submission: { reviewId: string; revisionId: string }, reviewerId: string): void {
    this.decide(submission.reviewId, 'rejected', reviewerId);
    this.update('app_versions', versionId, { status: 'rejected', review_notes: 'It crashes.' });
    this.discard(submission.revisionId);
  }

  withdraw(versionId: string, submission: { reviewId: string; revisionId: string }): void {
    this.update('reviews', submission.reviewId, { decision: 'withdrawn', decided_at: LATER });
    this.update('app_versions', versionId, { status: 'draft', subject_sha256: null, submitted_at: null });
    this.discard(submission.revisionId);
  }

  discard(revisionId: string): void {
    this.run(`UPDATE app_revisions SET state = 'discarded' WHERE id = @id AND state = 'waiting'`, { id: revisionId });
  }

  markPublished(versionId: string): void {
    this.update('app_versions', versionId, { status: 'published', published_at: LATER });
  }

  /** Approved → published, and the app shows the listing that was reviewed with it. */
  publish(versionId: string): void {
    const version = this.get('app_versions', versionId);
    const app = this.get('apps', version['app_id'] as string);
    this.markPublished(versionId);
    if (app['live_revision_id'] !== null) {
      this.update('apps', app['id'] as string, { status: 'published', last_published_at: LATER });
      return;
    }
    const find = `SELECT r.* FROM app_revisions r JOIN reviews v ON v.revision_id = r.id WHERE v.version_id = ? AND v.decision = 'approved'`;
    const revision = this.db.prepare(find).get(versionId) as Row;
    this.goLive(app['id'] as string, revision['id'] as string, {
      first_published_at: LATER,
      last_published_at: LATER,
      bound_signing_key_id: version['signing_key_id'] ?? null,
      status: 'published',
    });
  }

  goLive(appId: string, revisionId: string, changes: Row = {}): void {
    this.run(`UPDATE app_revisions SET state = 'past' WHERE app_id = @appId AND state = 'live'`, { appId });
    this.update('app_revisions', revisionId, { state: 'live' });
    const listing = pickListing(this.get('app_revisions', revisionId));
    this.update('apps', appId, { ...listing, live_revision_id: revisionId, ...changes });
  }

  submitListing(appId: string, changes: Row): { reviewId: string; revisionId: string } {
    const revisionId = this.revision(appId, changes);
    return { revisionId, reviewId: this.insert('reviews', this.reviewRow('listing', appId, revisionId)) };
  }

  suspendApp(id: string, by: string): void {
    const how = { status: 'suspended', suspended_at: LATER, suspended_by: by, suspend_reason: 'malware' };
    this.update('apps', id, how);
  }

  unsuspendApp(id: string): void {
    const status = this.get('apps', id)['first_published_at'] === null ? 'draft' : 'published';
    this.update('apps', id, { status, suspended_at: null, suspended_by: null, suspend_reason: null });
  }

  /** A developer with a key and an app, and a reviewer who is somebody else. */
  scene(): { developerId: string; keyId: string; appId: string; reviewerId: string } {
    const developerId = this.developer();
    const keyId = this.signingKey(developerId);
    return { developerId, keyId, appId: this.app(developerId), reviewerId: this.reviewer() };
  }

  /** The same, with version 1 uploaded and taken as far as `status`. */
  sceneWith(status: 'draft' | 'review' | 'approved' | 'rejected' | 'published') {
    const scene = this.scene();
    const versionId = this.upload(scene.appId, scene.keyId, 1);
    if (status === 'draft') return { ...scene, versionId, reviewId: '', revisionId: '' };
    const submission = this.submit(versionId);
    if (status === 'rejected') this.reject(versionId, submission, scene.reviewerId);
    if (status === 'approved' || status === 'published') this.approve(versionId, submission.reviewId, scene.reviewerId);
    if (status === 'published') this.publish(versionId);
    return { ...scene, versionId, ...submission };
  }
}
