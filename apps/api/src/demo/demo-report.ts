/** Progress of a load. */
export interface DemoProgress {
  done: number;
  total: number;
}

/** What a load did, and what was refused and why. */
export interface DemoSummary {
  developers: number;
  apps: number;
  versions: number;
  published: number;
  waiting: number;
  already_there: number;
  version_names: { as_is: number; padded: number; stand_in: number };
  changed: Record<string, number>;
  refused_apps: Record<string, number>;
  refused_versions: Record<string, number>;
  telemetry_events: number;
  seconds: number;
}

/** Counts what a load does. */
export class DemoTally {
  readonly summary: DemoSummary = {
    developers: 0,
    apps: 0,
    versions: 0,
    published: 0,
    waiting: 0,
    already_there: 0,
    version_names: { as_is: 0, padded: 0, stand_in: 0 },
    changed: {},
    refused_apps: {},
    refused_versions: {},
    telemetry_events: 0,
    seconds: 0,
  };

  /** Counts a refusal, or a change that was needed to fit, by its code. */
  count(where: 'changed' | 'refused_apps' | 'refused_versions', code: string): void {
    this.summary[where][code] = (this.summary[where][code] ?? 0) + 1;
  }
}

/** The summary as lines for a terminal. */
export function describeSummary(summary: DemoSummary): string {
  const list = (counts: Record<string, number>) =>
    Object.entries(counts)
      .sort(([, one], [, other]) => other - one)
      .map(([code, count]) => `\n    ${count} × ${code}`)
      .join('') || ' none';
  const { version_names: names } = summary;
  return [
    `Loaded in ${summary.seconds.toFixed(1)} s: ${summary.apps} apps of ${summary.developers} new developers, ${summary.versions} versions (${summary.published} published, ${summary.waiting} left waiting).`,
    `Already there: ${summary.already_there} versions.`,
    `Events of devices: ${summary.telemetry_events}.`,
    `Version names: ${names.as_is} as they are, ${names.padded} filled up, ${names.stand_in} replaced by 0.0.<code>.`,
    `Changed to fit:${list(summary.changed)}`,
    `Apps refused:${list(summary.refused_apps)}`,
    `Versions refused:${list(summary.refused_versions)}`,
  ].join('\n');
}
