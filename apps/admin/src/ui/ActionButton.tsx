import { Button } from '@mantine/core';
import { useAction } from '../api/use-action';
import { announce } from '../app/announcer';
import { ProblemNotice } from './ProblemNotice';

interface ActionButtonProps {
  label: string;
  run: () => Promise<unknown>;
  /** Said when it went well. */
  done: string;
}

/** A button that does something at once; what goes wrong stands below it. */
export function ActionButton({ label, run, done }: ActionButtonProps) {
  const doing = useAction({ mutationFn: run, onSuccess: () => announce(done) });
  return (
    <div>
      <Button variant="default" loading={doing.isPending} onClick={() => doing.mutate()}>
        {label}
      </Button>
      {doing.error && <ProblemNotice error={doing.error} />}
    </div>
  );
}
