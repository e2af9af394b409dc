const MISSING_OBJECT = /^The copy of packages\/\S+ is missing from the backup\.$/;
const MORE_OBJECTS = /^[\d,]+ more copies of objects are missing or changed\.$/;

/**
 * What a verification of backups found wrong, beside packages that are not there: a data set has their rows and not their
 * bytes. Undefined when it did not come to a report.
 */
export function failuresBesideObjects(report: string): string[] | undefined {
  try {
    const { failures } = JSON.parse(report) as { failures: string[] };
    return failures.filter((failure) => !MISSING_OBJECT.test(failure) && !MORE_OBJECTS.test(failure));
  } catch {
    return undefined;
  }
}
