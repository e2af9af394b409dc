import type { QueueSearch } from './queue-search';

/** Where the reader left the queue, so that going back leads there: filters and page, and the review that was opened. */
export const queuePlace: { search: QueueSearch; reviewId: string | undefined } = { search: {}, reviewId: undefined };
