// Generated from apps/api/openapi.json by `npm run api-types`. Do not edit.

export type AdminApp = { name: string; description: string; category: string; tags: Array<string>; icon_sha256: string | null; developer_name: string; id: string; developer_id: string; package_id: string; icon_url: string | null; status: "draft" | "published" | "suspended"; highest_version_code: number; pending_listing: { name: string; description: string; category: string; tags: Array<string>; icon_sha256: string | null; developer_name: string; created_at: string; } | null; first_published_at: string | null; last_published_at: string | null; withdrawn_at: string | null; suspended_at: string | null; suspend_reason: string | null; created_at: string; updated_at: string; developer: { id: string; name: string; email: string; }; };

export type AdminDeveloper = { id: string; email: string; name: string; oauth_provider: string | null; verified: boolean; role: "developer" | "reviewer" | "admin"; suspended_at: string | null; suspend_reason: string | null; created_at: string; updated_at: string; deleted_at: string | null; };

export type ApiKey = { id: string; developer_id: string; name: string; key_prefix: string; permissions: Array<"apps:read" | "apps:write" | "versions:upload" | "versions:publish" | "telemetry:read" | "telemetry:erase" | "keys:manage">; app_package_ids: Array<string> | null; last_used_at: string | null; expires_at: string | null; revoked_at: string | null; revoked_reason: string | null; created_at: string; };

export type App = { name: string; description: string; category: string; tags: Array<string>; icon_sha256: string | null; developer_name: string; id: string; developer_id: string; package_id: string; icon_url: string | null; status: "draft" | "published" | "suspended"; highest_version_code: number; pending_listing: { name: string; description: string; category: string; tags: Array<string>; icon_sha256: string | null; developer_name: string; created_at: string; } | null; first_published_at: string | null; last_published_at: string | null; withdrawn_at: string | null; suspended_at: string | null; suspend_reason: string | null; created_at: string; updated_at: string; };

export type AuditRow = { seq: number; occurred_at: string; actor_kind: string; actor_id: string | null; credential_id: string | null; action: string; subject_kind: string; subject_id: string; data: Record<string, unknown>; request_id: string | null; hash: string; };

export type BackupDrill = { id: string; state: "passed" | "failed"; started_at: string; finished_at: string; duration_seconds: number; rpo_seconds: number | null; rto_seconds: number | null; restored_bytes: number; objects_hashed: number; checks: Array<{ name: string; detail: string; }>; failures: Array<string>; };

export type Check = { name: string; required: boolean; run: number; status: "queued" | "running" | "passed" | "failed" | "errored" | "skipped"; code: string | null; detail: string | null; evidence: unknown; finished_at: string | null; };

export type CreatedApiKey = { id: string; developer_id: string; name: string; key_prefix: string; permissions: Array<"apps:read" | "apps:write" | "versions:upload" | "versions:publish" | "telemetry:read" | "telemetry:erase" | "keys:manage">; app_package_ids: Array<string> | null; last_used_at: string | null; expires_at: string | null; revoked_at: string | null; revoked_reason: string | null; created_at: string; key: string | null; };

export type DatabaseBackup = { database: "core" | "telemetry"; state: "replicating" | "waiting" | "suspended" | "off" | "idle"; healthy: boolean | null; trouble: { kind: "missing" | "stopped" | "suspended" | "late" | "unreachable" | "broken"; detail: string; } | null; snapshotting: boolean; generation: string | null; position: string | null; lag_bytes: number; lag_seconds: number; wal_bytes: number; shadow_bytes: number; snapshots: number; segments: number; restorable_since: string | null; checked_at: string | null; generations: number; };

export type Developer = { id: string; email: string; name: string; oauth_provider: string | null; verified: boolean; role: "developer" | "reviewer" | "admin"; suspended_at: string | null; suspend_reason: string | null; created_at: string; updated_at: string; };

export type IngestKey = { id: string; app_id: string; name: string; key: string; revoked_at: string | null; created_at: string; };

export type ObjectBackup = { location: string; copies: number; bytes: number; waiting: number; oldest_waiting_seconds: number; copied: number; failures: number; last_error: string | null; compared_at: string | null; };

export type PackageFile = { path: string; size_bytes: number; sha256: string; };

export type Problem = { type: string; title: string; status: number; code: string; detail: string; request_id: string; errors?: Array<{ pointer: string; code: string; detail: string; }>; };

export type QueueSummary = { pending: number; overdue: number; oldest_due_at: string | null; };

export type Review = { id: string; kind: "version" | "listing"; package_id: string; app_name: string; version_code: number | null; version_name: string | null; developer: { id: string; name: string; }; subject_sha256: string; submitted_at: string; due_at: string; reasons: Array<{ code: string; detail: string; }>; checks: Array<Check>; claimed_by: string | null; claimed_by_name: string | null; claimed_at: string | null; own: boolean; decision: "approved" | "rejected" | "withdrawn" | "superseded" | null; reviewer_id: string | null; reviewer_name: string | null; self_review: boolean; reason_code: string | null; notes: string | null; decided_at: string | null; };

export type ReviewDetail = { id: string; kind: "version" | "listing"; package_id: string; app_name: string; version_code: number | null; version_name: string | null; developer: { id: string; name: string; }; subject_sha256: string; submitted_at: string; due_at: string; reasons: Array<{ code: string; detail: string; }>; checks: Array<Check>; claimed_by: string | null; claimed_by_name: string | null; claimed_at: string | null; own: boolean; decision: "approved" | "rejected" | "withdrawn" | "superseded" | null; reviewer_id: string | null; reviewer_name: string | null; self_review: boolean; reason_code: string | null; notes: string | null; decided_at: string | null; listing: { name: string; description: string; category: string; tags: Array<string>; icon_sha256: string | null; developer_name: string; }; listing_changes: Array<{ field: string; before: unknown; after: unknown; }>; changes: VersionChanges | null; history: Array<{ id: string; kind: "version" | "listing"; version_code: number | null; version_name: string | null; submitted_at: string; decision: string | null; reviewer_name: string | null; reason_code: string | null; notes: string | null; decided_at: string | null; }>; developer_history: { registered_at: string; verified: boolean; apps: number; approved: number; rejected: number; }; };

export type SigningKey = { id: string; developer_id: string; name: string; public_key: string; fingerprint: string; is_active: boolean; deactivated_at: string | null; created_at: string; };

export type StoreApp = { package_id: string; name: string; description: string; category: string; tags: Array<string>; icon_url: string | null; developer_name: string; latest_version: StoreVersion; first_published_at: string; updated_at: string; };

export type StoreVersion = { version_code: number; version_name: string; package_url: string; package_size: number; package_sha256: string; signature: string; signing_key: string; signing_key_fingerprint: string; permissions: Array<string>; min_mosis_version: string; release_notes: string; published_at: string; };

export type System = { version: string; node_version: string; sqlite_version: string; started_at: string; uptime_seconds: number; memory: { resident_bytes: number; heap_used_bytes: number; }; database: { size_bytes: number; wal_bytes: number; migrations: Array<{ name: string; state: string; applied_at: string | null; }>; }; disk: { free_bytes: number; total_bytes: number; }; object_store: string; mail: "smtp" | "outbox"; reviews: { pending: number; overdue: number; oldest_due_at: string | null; }; audit: { last_seq: number; last_verified: unknown; }; package_drill: unknown; jobs: Array<{ kind: string; state: string; count: number; }>; repeating_jobs: Array<{ kind: string; state: "done" | "failed" | "running" | "queued"; last_run_at: string | null; result: unknown; error: string | null; next_run_at: string | null; }>; telemetry: SystemTelemetry; backup: SystemBackup | null; problems: Array<{ code: string; detail: string; }>; };

export type SystemBackup = { available: boolean; litestream_version: string; location: string; restarts: number; same_device: boolean; databases: Array<DatabaseBackup>; warnings: Array<{ code: string; detail: string; }>; objects: ObjectBackup | null; last_drill: BackupDrill | null; };

export type SystemTelemetry = { writer: { uploads: number; events: number; commits: number; refused: Record<string, number>; waiting_uploads: number; waiting_bytes: number; rollup_lag_ms: number; restarts: number; }; database_bytes: number; wal_bytes: number; free_bytes: number; partitions: number; raw_rows: number; oldest_partition: string | null; archive_waiting: number; export_waiting: number; clock_jump_ms: number; };

export type TelemetryBatchAnswer = { batch_id: string; accepted: number; rejected: Array<{ index: number; code: string; detail: string; }>; duplicate: boolean; server_time: string; };

export type TelemetryBreakdown = { metric: string; dimension: string; from: string; to: string; total: number; items: Array<{ key: string; value: number; }>; rest: { keys: number; value: number; }; };

export type TelemetryCrash = { fingerprint: string; kind: "app_crash" | "lua_error"; crash_type: string; message: string; frames: Array<string>; crashes: number; devices: number; app_versions: Array<string>; first_day: string; last_day: string; from: string; to: string; by_version: Array<{ key: string; value: number; }>; days: Array<{ time: string; value: number; }>; sample: Record<string, unknown> | null; };

export type TelemetryCrashGroup = { fingerprint: string; kind: "app_crash" | "lua_error"; crash_type: string; message: string; frames: Array<string>; crashes: number; devices: number; app_versions: Array<string>; first_day: string; last_day: string; };

export type TelemetryCrashes = { from: string; to: string; items: Array<TelemetryCrashGroup>; rest: { groups: number; crashes: number; }; };

export type TelemetryErasure = { erasure: string; state: "running" | "done"; requested_at: string; done_at: string | null; rows_erased: number; };

export type TelemetryEvent = { received: string; id: number; time: string; type: string; device: number; session: number; app_version: string; mosis_version: string; os: string | null; country: string | null; device_model: string | null; locale: string | null; clock_corrected: boolean; clamped: boolean; late: boolean; data: Record<string, unknown> | null; };

export type TelemetryFunnel = { from: string; to: string; within_seconds: number; steps: Array<{ step: string; devices: number; }>; };

export type TelemetryLive = { devices: number; sessions: number; by_version: Array<{ app_version: string; devices: number; sessions: number; }>; truncated: boolean; };

export type TelemetryOverview = { from: string; to: string; totals: TelemetryTotals; previous: { from: string; to: string; totals: TelemetryTotals; }; };

export type TelemetryQueryAnswer = { from: string; to: string; rows: Array<{ time?: string; group: Record<string, string | number | boolean | null>; value: number; }>; truncated: boolean; };

export type TelemetryRejections = { counts: Array<{ day: string; code: string; events: number; }>; dropped_by_sdk: Array<{ day: string; reason: string; events: number; }>; samples: Array<{ received_at: string; code: string; detail: string; batch_id: string | null; index: number | null; app_version: string | null; event: string | null; }>; };

export type TelemetryRetention = { interval: string; from: string; to: string; cohorts: Array<{ cohort: string; size: number; retained: Array<number>; }>; };

export type TelemetryStability = { from: string; to: string; items: Array<{ key: string | null; sessions: number; crashed_sessions: number; crash_free_sessions: number | null; devices: number; crashed_devices: number; crash_free_devices: number | null; }>; };

export type TelemetryTimeseries = { metric: string; interval: string; from: string; to: string; series: Array<{ key: string | null; points: Array<{ time: string; value: number; }>; }>; };

export type TelemetryTop = { type: string; field: string; from: string; to: string; items: Array<{ value: string | number | boolean | null; events: number; devices: number; }>; rest: { values: number; events: number; }; };

export type TelemetryTotals = { events: number; sessions: number; devices: number; crashes: number; errors: number; crash_free_sessions: number | null; crash_free_devices: number | null; };

export type Update = { version_code: number; version_name: string; package_url: string; package_size: number; package_sha256: string; signature: string; signing_key: string; signing_key_fingerprint: string; release_notes: string; package_id: string; };

export type Version = { id: string; app_id: string; package_id: string; version_code: number; version_name: string; package_url: string; package_size: number; package_sha256: string; signature: string; signing_key_id: string; signing_key_fingerprint: string; permissions: Array<string>; min_mosis_version: string; release_notes: string; status: "draft" | "review" | "approved" | "published" | "rejected"; review_notes: string | null; subject_sha256: string | null; submitted_at: string | null; published_at: string | null; yanked_at: string | null; yanked_by: "owner" | "admin" | null; yank_reason: string | null; checks: Array<Check>; created_at: string; updated_at: string; };

export type VersionChanges = { against: { version_code: number; version_name: string; package_sha256: string; } | null; permissions: { added: Array<string>; removed: Array<string>; unchanged: Array<string>; }; files: { added: Array<PackageFile>; removed: Array<PackageFile>; changed: Array<{ path: string; before: { size_bytes: number; sha256: string; }; after: { size_bytes: number; sha256: string; }; }>; unchanged: number; }; package_size: { before: number | null; after: number; }; min_mosis_version: { before: string | null; after: string; }; signing_key: { before: string | null; after: string; changed: boolean; name: string; registered_at: string; is_active: boolean; }; };

export interface Operations {
  'DELETE /v1/admin/reviews/{id}/claim': { path: { id: string; }; query: undefined; body: undefined; answer: Review };
  'DELETE /v1/api-keys/{id}': { path: { id: string; }; query: undefined; body: undefined; answer: undefined };
  'DELETE /v1/apps/{package_id}': { path: { package_id: string; }; query: undefined; body: undefined; answer: undefined };
  'DELETE /v1/apps/{package_id}/icon': { path: { package_id: string; }; query: undefined; body: undefined; answer: App };
  'DELETE /v1/apps/{package_id}/ingest-keys/{id}': { path: { package_id: string; id: string; }; query: undefined; body: undefined; answer: undefined };
  'DELETE /v1/apps/{package_id}/versions/{version_code}': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: undefined };
  'DELETE /v1/me': { path: undefined; query: undefined; body: undefined; answer: undefined };
  'DELETE /v1/signing-keys/{id}': { path: { id: string; }; query: undefined; body: undefined; answer: undefined };
  'GET /healthz': { path: undefined; query: undefined; body: undefined; answer: { status: "ok"; } };
  'GET /metrics': { path: undefined; query: undefined; body: undefined; answer: Blob };
  'GET /readyz': { path: undefined; query: undefined; body: undefined; answer: { status: "ready" | "degraded"; problems: Array<{ code: string; detail: string; }>; } };
  'GET /v1/admin/apps': { path: undefined; query: { limit?: number; cursor?: string; q?: string; status?: "draft" | "published" | "suspended"; developer_id?: string; }; body: undefined; answer: { items: Array<AdminApp>; next_cursor: string | null; } };
  'GET /v1/admin/audit-log': { path: undefined; query: { limit?: number; cursor?: string; action?: string; actor_id?: string; subject_kind?: string; subject_id?: string; from?: string; to?: string; }; body: undefined; answer: { items: Array<AuditRow>; next_cursor: string | null; } };
  'GET /v1/admin/developers': { path: undefined; query: { limit?: number; cursor?: string; q?: string; role?: "developer" | "reviewer" | "admin"; }; body: undefined; answer: { items: Array<AdminDeveloper>; next_cursor: string | null; } };
  'GET /v1/admin/developers/{id}': { path: { id: string; }; query: undefined; body: undefined; answer: AdminDeveloper };
  'GET /v1/admin/developers/{id}/api-keys': { path: { id: string; }; query: { limit?: number; cursor?: string; }; body: undefined; answer: { items: Array<ApiKey>; next_cursor: string | null; } };
  'GET /v1/admin/developers/{id}/signing-keys': { path: { id: string; }; query: { limit?: number; cursor?: string; }; body: undefined; answer: { items: Array<SigningKey>; next_cursor: string | null; } };
  'GET /v1/admin/reviews': { path: undefined; query: { limit?: number; cursor?: string; status?: "pending" | "decided" | "all"; kind?: "version" | "listing"; claimed?: "me" | "nobody"; q?: string; }; body: undefined; answer: { items: Array<Review>; next_cursor: string | null; } };
  'GET /v1/admin/reviews/summary': { path: undefined; query: undefined; body: undefined; answer: QueueSummary };
  'GET /v1/admin/reviews/{id}': { path: { id: string; }; query: undefined; body: undefined; answer: ReviewDetail };
  'GET /v1/admin/system': { path: undefined; query: undefined; body: undefined; answer: System };
  'GET /v1/api-keys': { path: undefined; query: { limit?: number; cursor?: string; }; body: undefined; answer: { items: Array<ApiKey>; next_cursor: string | null; } };
  'GET /v1/apps': { path: undefined; query: { limit?: number; cursor?: string; status?: "draft" | "published" | "suspended"; }; body: undefined; answer: { items: Array<App>; next_cursor: string | null; } };
  'GET /v1/apps/{package_id}': { path: { package_id: string; }; query: undefined; body: undefined; answer: App };
  'GET /v1/apps/{package_id}/icons/{sha256}': { path: { package_id: string; sha256: string; }; query: undefined; body: undefined; answer: Blob };
  'GET /v1/apps/{package_id}/ingest-keys': { path: { package_id: string; }; query: { limit?: number; cursor?: string; }; body: undefined; answer: { items: Array<IngestKey>; next_cursor: string | null; } };
  'GET /v1/apps/{package_id}/telemetry/breakdown': { path: { package_id: string; }; query: { metric: "events" | "crashes" | "errors" | "sessions" | "devices"; dimension: "app_version" | "mosis_version" | "os" | "country" | "type"; type?: string; limit?: number; from?: string; to?: string; include_bots?: "true" | "false"; format?: "json" | "csv"; }; body: undefined; answer: TelemetryBreakdown };
  'GET /v1/apps/{package_id}/telemetry/crashes': { path: { package_id: string; }; query: { kind?: "app_crash" | "lua_error"; limit?: number; from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryCrashes };
  'GET /v1/apps/{package_id}/telemetry/crashes/{fingerprint}': { path: { package_id: string; fingerprint: string; }; query: { from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryCrash };
  'GET /v1/apps/{package_id}/telemetry/erasures/{erasure}': { path: { package_id: string; erasure: string; }; query: undefined; body: undefined; answer: TelemetryErasure };
  'GET /v1/apps/{package_id}/telemetry/events': { path: { package_id: string; }; query: { type?: string; limit?: number; cursor?: string; }; body: undefined; answer: { items: Array<TelemetryEvent>; next_cursor: string | null; } };
  'GET /v1/apps/{package_id}/telemetry/funnel': { path: { package_id: string; }; query: { steps: string; within?: string; from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryFunnel };
  'GET /v1/apps/{package_id}/telemetry/live': { path: { package_id: string; }; query: undefined; body: undefined; answer: TelemetryLive };
  'GET /v1/apps/{package_id}/telemetry/overview': { path: { package_id: string; }; query: { from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryOverview };
  'GET /v1/apps/{package_id}/telemetry/rejections': { path: { package_id: string; }; query: undefined; body: undefined; answer: TelemetryRejections };
  'GET /v1/apps/{package_id}/telemetry/retention': { path: { package_id: string; }; query: { interval?: "day" | "week"; from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryRetention };
  'GET /v1/apps/{package_id}/telemetry/stability': { path: { package_id: string; }; query: { group_by?: "app_version" | "mosis_version" | "os" | "country"; from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryStability };
  'GET /v1/apps/{package_id}/telemetry/timeseries': { path: { package_id: string; }; query: { metric: "events" | "crashes" | "errors" | "sessions" | "devices"; interval?: "hour" | "day" | "week" | "month"; type?: string; group_by?: "app_version" | "mosis_version" | "os" | "country"; from?: string; to?: string; include_bots?: "true" | "false"; format?: "json" | "csv"; }; body: undefined; answer: TelemetryTimeseries };
  'GET /v1/apps/{package_id}/telemetry/top': { path: { package_id: string; }; query: { type: string; field: string; limit?: number; from?: string; to?: string; include_bots?: "true" | "false"; }; body: undefined; answer: TelemetryTop };
  'GET /v1/apps/{package_id}/versions': { path: { package_id: string; }; query: { limit?: number; cursor?: string; status?: "draft" | "review" | "approved" | "published" | "rejected"; }; body: undefined; answer: { items: Array<Version>; next_cursor: string | null; } };
  'GET /v1/apps/{package_id}/versions/{version_code}': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Version };
  'GET /v1/apps/{package_id}/versions/{version_code}/files': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: { items: Array<PackageFile>; } };
  'GET /v1/apps/{package_id}/versions/{version_code}/files/{path}': { path: { package_id: string; version_code: string; path: string; }; query: undefined; body: undefined; answer: Blob };
  'GET /v1/apps/{package_id}/versions/{version_code}/package': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Blob };
  'GET /v1/me': { path: undefined; query: undefined; body: undefined; answer: Developer };
  'GET /v1/me/export': { path: undefined; query: undefined; body: undefined; answer: { exported_at: string; developer: Developer; api_keys: Array<Record<string, unknown>>; signing_keys: Array<Record<string, unknown>>; sessions: Array<Record<string, unknown>>; apps: Array<Record<string, unknown>>; versions: Array<Record<string, unknown>>; reviews: Array<Record<string, unknown>>; audit_log: Array<Record<string, unknown>>; } };
  'GET /v1/signing-keys': { path: undefined; query: { limit?: number; cursor?: string; }; body: undefined; answer: { items: Array<SigningKey>; next_cursor: string | null; } };
  'GET /v1/store/apps': { path: undefined; query: { limit?: number; cursor?: string; q?: string; category?: string; tag?: string; sort?: "relevance" | "newest" | "updated" | "name"; }; body: undefined; answer: { items: Array<StoreApp>; next_cursor: string | null; } };
  'GET /v1/store/apps/{package_id}': { path: { package_id: string; }; query: undefined; body: undefined; answer: StoreApp };
  'GET /v1/store/categories': { path: undefined; query: undefined; body: undefined; answer: { items: Array<{ name: string; count: number; }>; } };
  'GET /v1/store/icons/{sha256}': { path: { sha256: string; }; query: undefined; body: undefined; answer: Blob };
  'GET /v1/store/packages/{sha256}': { path: { sha256: string; }; query: undefined; body: undefined; answer: Blob };
  'PATCH /v1/admin/developers/{id}': { path: { id: string; }; query: undefined; body: { verified?: boolean; role?: "developer" | "reviewer" | "admin"; }; answer: AdminDeveloper };
  'PATCH /v1/apps/{package_id}': { path: { package_id: string; }; query: undefined; body: { name?: string; description?: string; category?: string; tags?: Array<string>; }; answer: App };
  'PATCH /v1/apps/{package_id}/versions/{version_code}': { path: { package_id: string; version_code: string; }; query: undefined; body: { release_notes?: string; }; answer: Version };
  'PATCH /v1/me': { path: undefined; query: undefined; body: { name?: string; }; answer: Developer };
  'POST /v1/admin/apps/{package_id}/suspend': { path: { package_id: string; }; query: undefined; body: { reason: string; }; answer: App };
  'POST /v1/admin/apps/{package_id}/unsuspend': { path: { package_id: string; }; query: undefined; body: undefined; answer: App };
  'POST /v1/admin/apps/{package_id}/versions/{version_code}/unyank': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Version };
  'POST /v1/admin/apps/{package_id}/versions/{version_code}/yank': { path: { package_id: string; version_code: string; }; query: undefined; body: { reason: string; }; answer: Version };
  'POST /v1/admin/developers/{id}/suspend': { path: { id: string; }; query: undefined; body: { reason: string; }; answer: AdminDeveloper };
  'POST /v1/admin/developers/{id}/unsuspend': { path: { id: string; }; query: undefined; body: undefined; answer: AdminDeveloper };
  'POST /v1/admin/reviews/{id}/claim': { path: { id: string; }; query: undefined; body: undefined; answer: Review };
  'POST /v1/admin/reviews/{id}/decision': { path: { id: string; }; query: undefined; body: { decision: "approve" | "reject"; notes?: string; reason_code?: string | null; subject_sha256?: string; }; answer: Review };
  'POST /v1/api-keys': { path: undefined; query: undefined; body: { name: string; permissions: Array<"apps:read" | "apps:write" | "versions:upload" | "versions:publish" | "telemetry:read" | "telemetry:erase" | "keys:manage">; app_package_ids?: Array<string> | null; expires_at?: string | null; }; answer: CreatedApiKey };
  'POST /v1/apps': { path: undefined; query: undefined; body: { package_id: string; name: string; description?: string; category?: string; tags?: Array<string>; }; answer: App };
  'POST /v1/apps/{package_id}/ingest-keys': { path: { package_id: string; }; query: undefined; body: { name: string; }; answer: IngestKey };
  'POST /v1/apps/{package_id}/restore': { path: { package_id: string; }; query: undefined; body: undefined; answer: App };
  'POST /v1/apps/{package_id}/telemetry/erasures': { path: { package_id: string; }; query: undefined; body: { device_id: string; }; answer: TelemetryErasure };
  'POST /v1/apps/{package_id}/telemetry/query': { path: { package_id: string; }; query: undefined; body: { metric?: "events" | "sessions" | "devices"; filters?: Array<{ field: string; op: "eq" | "ne" | "in" | "gt" | "gte" | "lt" | "lte" | "exists"; value?: string | number | boolean | Array<string | number | boolean>; }>; group_by?: Array<string>; interval?: "hour" | "day" | "week" | "month"; limit?: number; from?: string; to?: string; include_bots?: boolean; }; answer: TelemetryQueryAnswer };
  'POST /v1/apps/{package_id}/versions': { path: { package_id: string; }; query: undefined; body: Blob; answer: Version };
  'POST /v1/apps/{package_id}/versions/{version_code}/publish': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Version };
  'POST /v1/apps/{package_id}/versions/{version_code}/submit': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Version };
  'POST /v1/apps/{package_id}/versions/{version_code}/unyank': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Version };
  'POST /v1/apps/{package_id}/versions/{version_code}/withdraw': { path: { package_id: string; version_code: string; }; query: undefined; body: undefined; answer: Version };
  'POST /v1/apps/{package_id}/versions/{version_code}/yank': { path: { package_id: string; version_code: string; }; query: undefined; body: { reason: string; }; answer: Version };
  'POST /v1/apps/{package_id}/withdraw': { path: { package_id: string; }; query: undefined; body: undefined; answer: App };
  'POST /v1/auth/forgot-password': { path: undefined; query: undefined; body: { email: string; }; answer: { status: "accepted"; } };
  'POST /v1/auth/login': { path: undefined; query: undefined; body: { email: string; password: string; }; answer: { developer: Developer; } };
  'POST /v1/auth/logout': { path: undefined; query: undefined; body: undefined; answer: undefined };
  'POST /v1/auth/register': { path: undefined; query: undefined; body: { email: string; name: string; password: string; }; answer: { status: "accepted"; } };
  'POST /v1/auth/reset-password': { path: undefined; query: undefined; body: { token: string; password: string; }; answer: undefined };
  'POST /v1/auth/setup': { path: undefined; query: undefined; body: { token: string; email: string; name: string; password: string; }; answer: Developer };
  'POST /v1/auth/verify-email': { path: undefined; query: undefined; body: { token: string; }; answer: undefined };
  'POST /v1/me/password': { path: undefined; query: undefined; body: { current_password: string; new_password: string; }; answer: undefined };
  'POST /v1/signing-keys': { path: undefined; query: undefined; body: { name: string; public_key: string; }; answer: SigningKey };
  'POST /v1/store/updates': { path: undefined; query: undefined; body: { mosis_version: string; installed: Array<{ package_id: string; version_code: number; }>; }; answer: { updates: Array<Update>; } };
  'POST /v1/telemetry/batches': { path: undefined; query: undefined; body: { batch_id: string; app_id: string; app_version: string; mosis_version: string; device_id: string; session_id: string; context?: { os?: string; device_model?: string; country?: string; locale?: string; }; events: Array<{ type: string; timestamp: string; data?: Record<string, string | number | boolean | null>; }>; dropped?: Record<string, number>; }; answer: TelemetryBatchAnswer };
  'POST /v1/telemetry/heartbeats': { path: undefined; query: undefined; body: { app_id: string; device_id: string; session_id: string; app_version: string; }; answer: undefined };
  'PUT /v1/apps/{package_id}/icon': { path: { package_id: string; }; query: undefined; body: Blob; answer: App };
}
