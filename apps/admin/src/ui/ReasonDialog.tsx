import { Button, Group, Stack, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Dialog } from './Dialog';
import { ProblemNotice } from './ProblemNotice';

const MAX_REASON_LENGTH = 1_000;

interface ReasonDialogProps {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  /** What will follow, before it is done. */
  children: ReactNode;
  /** On the button: “Suspend Tide Chart”. */
  action: string;
  /** Does it; what it throws stands in the dialog. */
  onConfirm: (reason: string) => Promise<unknown>;
}

/** Asks why, then does something that others will feel. The reason is kept. */
export function ReasonDialog({ isOpen, onClose, title, ...rest }: ReasonDialogProps) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} isKept>
      <ReasonForm onClose={onClose} {...rest} />
    </Dialog>
  );
}

function ReasonForm({ onClose, children, action, onConfirm }: Omit<ReasonDialogProps, 'isOpen' | 'title'>) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const confirm = async () => {
    setRunning(true);
    setError(undefined);
    try {
      await onConfirm(reason);
      onClose();
    } catch (refusal) {
      setError(refusal);
    } finally {
      setRunning(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void confirm();
      }}
    >
      <Stack gap="sm">
        <div>{children}</div>
        <Textarea
          label="Reason"
          description="The developer reads it."
          required
          withAsterisk={false}
          autosize
          minRows={3}
          maxLength={MAX_REASON_LENGTH}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
        {error !== undefined && <ProblemNotice error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it as it is
          </Button>
          <Button type="submit" color="red" loading={isRunning} disabled={reason.trim() === ''}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
