import { RouteConfig } from '@nestjs/platform-fastify';

/** What a route's configuration says of its ETag. */
export interface EtagConfig {
  etag?: boolean;
}

/** Declares that a route's JSON answer has an ETag of its content, and that who has it already is answered 304. */
export const Etag = () => RouteConfig({ etag: true } satisfies EtagConfig);

/** Whether an If-None-Match header names this tag (weak comparison, RFC 9110 §13.1.2). */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === etag);
}
