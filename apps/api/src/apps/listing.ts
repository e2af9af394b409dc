import type { CoreRow } from '@mosis/db';
import { sha256Hex } from '../common/secrets.js';

/** What a store page says, in the form of its columns (`tags` is a JSON array). */
export interface Listing {
  name: string;
  description: string;
  category: string;
  tags: string;
  icon_sha256: string | null;
  developer_name: string;
}

/** The listing columns of a row that has them. */
export function listingOf(row: Listing): Listing {
  const { name, description, category, tags, icon_sha256, developer_name } = row;
  return { name, description, category, tags, icon_sha256, developer_name };
}

/** SHA-256 over the listing in its one canonical form: a JSON array of the values in this order. */
export function hashListing(listing: Listing): string {
  const { name, description, category, tags, icon_sha256, developer_name } = listing;
  return sha256Hex(
    JSON.stringify(['mosis-listing-1', name, description, category, JSON.parse(tags), icon_sha256, developer_name]),
  );
}

/** The subject of a review: one SHA-256 over the package's digest (none for a listing of its own) and the listing's. */
export function hashSubject(packageSha256: string | null, listingSha256: string): string {
  return sha256Hex(JSON.stringify(['mosis-review-subject-1', packageSha256, listingSha256]));
}

/** Whether a stored snapshot still is what its digest says. */
export function isIntact(revision: CoreRow<'app_revisions'>): boolean {
  return hashListing(listingOf(revision)) === revision.listing_sha256;
}

/** Whether two listings say the same. */
export function sameListing(one: Listing, other: Listing): boolean {
  return hashListing(one) === hashListing(other);
}
