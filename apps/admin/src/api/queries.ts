import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call, type Input, type Operation } from './client';

/** Reads one operation of the API; its name and input are the key under which the answer is kept. */
export function read<K extends Operation>(operation: K, input: Omit<Input<K>, 'signal'>) {
  return queryOptions({
    queryKey: [operation, input] as const,
    queryFn: ({ signal }) => call(operation, { ...input, signal } as unknown as Input<K>),
  });
}

/** Like `read`, and shows the page before until the next one is there. */
export function readPage<K extends Operation>(operation: K, input: Omit<Input<K>, 'signal'>) {
  return { ...read(operation, input), placeholderData: keepPreviousData };
}
