import { Button, Group } from '@mantine/core';
import { useNavigate, useRouterState } from '@tanstack/react-router';
import { Icon } from './Icon';
import type { CursorSearch } from './paging';

interface PagerProps {
  nextCursor: string | null;
  /** What is listed, in the plural: “reviews”. */
  noun: string;
}

/** How many pages before this one were walked through, so that there is a way back. */
type PagerState = { pagesBefore?: number };

/** First, previous and next page. The place stands in the address; going back is going back. */
export function Pager({ nextCursor, noun }: PagerProps) {
  const navigate = useNavigate();
  const { cursor, pagesBefore } = useRouterState({
    select: ({ location }) => ({
      cursor: (location.search as CursorSearch).cursor,
      pagesBefore: (location.state as PagerState).pagesBefore ?? 0,
    }),
  });
  if (nextCursor === null && cursor === undefined) return null;
  const goTo = (next: string | undefined, before: number) =>
    void navigate({
      to: '.',
      search: ((search: object) => ({ ...search, cursor: next })) as never,
      state: { pagesBefore: before } as never,
    });
  return (
    <nav aria-label={`Pages of ${noun}`}>
      <Group gap="xs" justify="flex-end" mt="sm">
        {cursor !== undefined && (
          <Button variant="default" onClick={() => goTo(undefined, 0)}>
            First page
          </Button>
        )}
        {pagesBefore > 0 && (
          <Button variant="default" leftSection={<Icon name="previous" />} onClick={() => history.back()}>
            Previous page
          </Button>
        )}
        <Button
          variant="default"
          rightSection={<Icon name="next" />}
          disabled={nextCursor === null}
          onClick={() => goTo(nextCursor ?? undefined, pagesBefore + 1)}
        >
          Next page
        </Button>
      </Group>
    </nav>
  );
}
