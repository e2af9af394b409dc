/**
 * Every way a request can fail, once: the stable word that clients switch on, its status, its title. What a refused
 * package adds (one code per rule of the format) comes from the package library and is always a 422.
 */
export const PROBLEMS = {
  // 400: not readable
  'body-unreadable': [400, 'The body cannot be read'],
  'cursor-invalid': [400, 'The cursor cannot be read'],
  'request-invalid': [400, 'The request cannot be read'],

  // 401: no or bad credential
  'credential-missing': [401, 'A credential is needed'],
  'credential-invalid': [401, 'The credential is not valid'],
  'credential-ambiguous': [401, 'More than one credential was sent'],
  'invalid-ingest-key': [401, 'The ingest key is not valid'],
  'login-failed': [401, 'E-mail or password is wrong'],

  // 403: known, but not allowed
  'access-undeclared': [403, 'This route admits nobody'],
  'permission-missing': [403, 'The key lacks a permission'],
  'session-required': [403, 'Only a signed-in person may do this'],
  'role-required': [403, 'Another role is needed'],
  'app-not-in-scope': [403, 'The key is limited to other apps'],
  'cross-site-request': [403, 'The request came from another site'],
  'email-unverified': [403, 'The e-mail address is not verified yet'],
  'account-suspended': [403, 'The account is suspended'],
  'app-suspended': [403, 'The app is suspended'],
  'quota-spent': [403, 'The quota is spent'],
  'own-review': [403, 'Nobody decides on an app of their own'],
  'yanked-by-admin': [403, 'An admin yanked this version'],
  'yanked-by-owner': [403, 'The owner yanked this version'],
  'key-grants-too-much': [403, 'A key cannot grant more than it has'],

  // 404
  'not-found': [404, 'Not found'],
  'route-not-found': [404, 'There is no such route'],

  // 409: not in this state, or taken
  'package-id-taken': [409, 'The package id is taken'],
  'package-id-retired': [409, 'The package id was used before'],
  'signing-key-exists': [409, 'The signing key is registered already'],
  'version-code-not-higher': [409, 'The version code is not higher'],
  'package-rejected': [409, 'This package was rejected'],
  'version-not-draft': [409, 'The version is not a draft'],
  'version-not-in-review': [409, 'The version is not in review'],
  'version-not-approved': [409, 'The version is not approved'],
  'version-not-published': [409, 'The version is not published'],
  'version-already-yanked': [409, 'The version is yanked already'],
  'version-not-yanked': [409, 'The version is not yanked'],
  'submission-open': [409, 'Another submission is open'],
  'checks-not-passed': [409, 'A required check has not passed'],
  'signing-key-inactive': [409, 'The signing key is not active'],
  'review-subject-changed': [409, 'What was reviewed is not what is there now'],
  'review-decided': [409, 'The review is decided'],
  'review-claimed': [409, 'Somebody else has claimed this review'],
  'listing-frozen': [409, 'The listing is frozen'],
  'app-was-published': [409, 'The app was published once'],
  'app-not-published': [409, 'The app is not published'],
  'app-withdrawn': [409, 'The app is withdrawn'],
  'app-not-withdrawn': [409, 'The app is not withdrawn'],
  'already-suspended': [409, 'Suspended already'],
  'not-suspended': [409, 'Not suspended'],
  'last-admin': [409, 'This is the last admin'],
  'app-limit-reached': [409, 'The limit of apps is reached'],
  'key-limit-reached': [409, 'The limit of keys is reached'],
  'draft-bytes-limit-reached': [409, 'The limit of unpublished packages is reached'],
  'idempotency-key-running': [409, 'The first request with this key is still running'],
  'batch-id-reused': [409, 'The batch id was used for another body'],
  'setup-done': [409, 'There is an admin already'],

  // 408 to 417, 431: refused for how it was sent
  'body-too-large': [413, 'The body is too large'],
  'package-too-large': [413, 'The package is too large'],
  'media-type-unsupported': [415, 'The content type is not supported'],
  'unsupported-encoding': [415, 'The content encoding is not supported'],
  'range-not-satisfiable': [416, 'The range lies outside the file'],
  'request-timeout': [408, 'The request took too long to arrive'],
  'url-too-long': [414, 'The address is too long'],
  'expectation-failed': [417, 'The expectation cannot be met'],
  'headers-too-large': [431, 'The headers are too large'],

  // 422: readable but wrong
  'validation-failed': [422, 'The request is not valid'],
  'app-mismatch': [422, 'The key belongs to another app'],
  'invalid-sent-at': [422, 'X-Sent-At cannot be read'],
  'too-many-events': [422, 'The batch has too many events'],
  'query-too-slow': [422, 'The question takes too long'],
  'package-empty': [422, 'The package is empty'],
  'manifest-id-mismatch': [422, 'The package belongs to another app'],
  'idempotency-key-invalid': [422, 'The idempotency key is not valid'],
  'idempotency-key-reused': [422, 'The idempotency key was used for another request'],
  'token-invalid': [422, 'The link is not valid any more'],
  'password-wrong': [422, 'The password is wrong'],
  'public-key-unreadable': [422, 'The public key cannot be read'],
  'public-key-weak': [422, 'The public key is not safe'],
  'icon-invalid': [422, 'The icon cannot be used'],
  'role-not-allowed': [422, 'The account cannot have this role'],

  // 429, 5xx
  'rate-limited': [429, 'Too many requests'],
  'device-rate-exceeded': [429, 'The device sends too much'],
  'internal-error': [500, 'Something went wrong on our side'],
  'package-verification-failed': [500, 'The package could not be verified'],
  overloaded: [503, 'The server is busy'],
  'query-deadline': [503, 'The query took too long'],
  'object-store-unavailable': [503, 'The object store cannot be reached'],
  'object-damaged': [503, 'What is stored is damaged'],
  'upload-failed': [503, 'The batch could not be stored'],
  'disk-low': [503, 'The disk is nearly full'],
  'disk-full': [503, 'The disk is full'],
  'read-only': [503, 'The server only reads'],
  'shutting-down': [503, 'The server is shutting down'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** A stable code of {@link PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS;
