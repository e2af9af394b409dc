import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import classes from './FilterBar.module.css';
import { Icon } from './Icon';

const TYPING_PAUSE_MS = 250;

/** A text that narrows a list down while it is typed. */
interface TextFilter {
  kind: 'text';
  name: string;
  label: string;
}

/** One of a few choices; the first, with an empty value, is the usual. */
interface ChoiceFilter {
  kind: 'choice';
  name: string;
  label: string;
  choices: readonly { value: string; label: string }[];
}

export type Filter = TextFilter | ChoiceFilter;

interface FilterBarProps {
  filters: readonly Filter[];
  /** What the address says, by the names of the filters. */
  values: Readonly<Record<string, string | undefined>>;
  /** Hears of one filter at a time; an empty value takes it out. */
  onChange: (name: string, value: string) => void;
}

/** What narrows a list down. Everything here stands in the address of the page. */
export function FilterBar({ filters, values, onChange }: FilterBarProps) {
  return (
    <form role="search" className={classes.filters} onSubmit={(event) => event.preventDefault()}>
      {filters.map((filter) =>
        filter.kind === 'text' ? (
          <TypedFilter key={filter.name} filter={filter} value={values[filter.name] ?? ''} onChange={onChange} />
        ) : (
          <NativeSelect
            key={filter.name}
            aria-label={filter.label}
            value={values[filter.name] ?? ''}
            data={[...filter.choices]}
            onChange={(event) => onChange(filter.name, event.currentTarget.value)}
          />
        ),
      )}
    </form>
  );
}

interface TypedFilterProps {
  filter: TextFilter;
  value: string;
  onChange: (name: string, value: string) => void;
}

function TypedFilter({ filter, value, onChange }: TypedFilterProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const tell = useDebouncedCallback((typed: string) => onChange(filter.name, typed), TYPING_PAUSE_MS);
  return (
    <TextInput
      aria-label={filter.label}
      placeholder={filter.label}
      type="search"
      leftSection={<Icon name="search" />}
      value={text}
      className={classes.text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}
