import { useMutation, type UseMutationOptions } from '@tanstack/react-query';
import { useRef } from 'react';
import { isSignedOut } from './problem';

/**
 * A mutation that is not sent a second time while it is on its way: two quick clicks come before a button shows that it is busy.
 */
export function useAction<Data, Input = void>({
  mutationFn,
  ...options
}: UseMutationOptions<Data, Error, Input> & { mutationFn: (input: Input) => Promise<Data> }) {
  const isSending = useRef(false);
  const mutation = useMutation<Data, Error, Input>({
    ...options,
    mutationFn: async (input) => {
      try {
        return await mutationFn(input);
      } finally {
        isSending.current = false;
      }
    },
  });
  const mutate = (input: Input) => {
    if (isSending.current) return;
    isSending.current = true;
    mutation.mutate(input);
  };
  // That the session is over is asked about at once; signed in again, nothing is wrong any more.
  const error = isSignedOut(mutation.error) ? null : mutation.error;
  return { data: mutation.data, isPending: mutation.isPending, isSuccess: mutation.isSuccess, error, mutate };
}
