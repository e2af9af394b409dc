import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { Icon } from '../../ui/Icon';
import classes from './QueueScreen.module.css';
import { readSearch, type QueueSearch } from './queue-search';

const TYPING_PAUSE_MS = 250;

interface QueueFiltersProps {
  search: QueueSearch;
  /** Other filters begin at the first page. */
  onChange: (search: QueueSearch) => void;
}

/** What narrows the queue down. Everything here stands in the address. */
export function QueueFilters({ search, onChange }: QueueFiltersProps) {
  const [text, setText] = useState(search.q ?? '');
  useEffect(() => setText(search.q ?? ''), [search.q]);
  const change = (name: keyof QueueSearch, value: string) => {
    const { cursor: _cursor, ...rest } = search;
    onChange(readSearch({ ...rest, [name]: value }));
  };
  const changeText = useDebouncedCallback((value: string) => change('q', value), TYPING_PAUSE_MS);
  return (
    <form role="search" className={classes.filters} onSubmit={(event) => event.preventDefault()}>
      <TextInput
        aria-label="Package id or app name"
        placeholder="Package id or app name"
        type="search"
        leftSection={<Icon name="search" />}
        value={text}
        className={classes.text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          changeText(event.currentTarget.value);
        }}
      />
      <NativeSelect
        aria-label="State"
        value={search.status ?? ''}
        data={[
          { value: '', label: 'Waiting' },
          { value: 'decided', label: 'Decided' },
          { value: 'all', label: 'Waiting and decided' },
        ]}
        onChange={(event) => change('status', event.currentTarget.value)}
      />
      <NativeSelect
        aria-label="Kind"
        value={search.kind ?? ''}
        data={[
          { value: '', label: 'Versions and store pages' },
          { value: 'version', label: 'Versions' },
          { value: 'listing', label: 'Store pages' },
        ]}
        onChange={(event) => change('kind', event.currentTarget.value)}
      />
      <NativeSelect
        aria-label="Claim"
        value={search.claimed ?? ''}
        data={[
          { value: '', label: 'Claimed or not' },
          { value: 'nobody', label: 'Claimed by nobody' },
          { value: 'me', label: 'Claimed by me' },
        ]}
        onChange={(event) => change('claimed', event.currentTarget.value)}
      />
    </form>
  );
}
