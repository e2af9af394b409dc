/** A question to the raw events took longer than it may. Asking for less, or again, may help. */
export class DeadlineError extends Error {
  readonly code = 'deadline';
  constructor(readonly deadlineMs: number) {
    super(`The question took longer than ${deadlineMs} ms and was stopped.`);
    this.name = 'DeadlineError';
  }
}

/** The analytics process ended under a request, is closing, or has too much to do already; nothing was changed for good. */
export class AnalyticsError extends Error {
  constructor(
    readonly reason: 'crashed' | 'closed' | 'overloaded',
    message: string,
  ) {
    super(message);
    this.name = 'AnalyticsError';
  }
}

/** A Parquet file does not hold what it was made from; it was removed again. */
export class VerificationError extends Error {
  readonly code = 'verification-failed';
  constructor(message: string) {
    super(message);
    this.name = 'VerificationError';
  }
}

/** The export could not go on; what was not recorded is done by the next run. */
export class ExportError extends Error {
  readonly code = 'export-failed';
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ExportError';
  }
}
