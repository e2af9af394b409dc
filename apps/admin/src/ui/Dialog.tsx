import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Dialog.module.css';

interface DialogProps {
  title: string;
  isOpen: boolean;
  /** Without it the dialog has to be answered: it closes by nothing but what is in it. */
  onClose?: (() => void) | undefined;
  /** Something typed or shown once would be lost: a click beside it does not close it. */
  isKept?: boolean;
  children: ReactNode;
}

/** A dialog over the screen: it holds the focus, and gives it back. */
export function Dialog({ title, isOpen, onClose, isKept = false, children }: DialogProps) {
  return (
    <Modal.Root
      opened={isOpen}
      onClose={onClose ?? (() => undefined)}
      closeOnEscape={onClose !== undefined}
      closeOnClickOutside={onClose !== undefined && !isKept}
      transitionProps={{ duration: 0 }}
      centered
    >
      <Modal.Overlay />
      <Modal.Content>
        {/* Not Modal.Header, which is a second banner to screen readers. */}
        <div className={classes.head}>
          <Modal.Title className={classes.title}>{title}</Modal.Title>
          {onClose && <Modal.CloseButton aria-label="Close" />}
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
