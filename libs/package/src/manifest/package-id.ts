/**
 * Android's application-id rule: two or more segments, each a letter followed by letters, digits or underscores. The
 * length bound of 255 is checked by {@link isPackageId}.
 */
export const PACKAGE_ID_PATTERN = /^[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)+$/;

const MAX_LENGTH = 255;

/** Whether the text is a package id in full. */
export function isPackageId(text: string): boolean {
  return text.length <= MAX_LENGTH && PACKAGE_ID_PATTERN.test(text);
}
