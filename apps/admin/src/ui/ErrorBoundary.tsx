import { Component, type ReactNode } from 'react';
import { Notice } from './Notice';

/** Catches a fault of the console itself: says so, and offers to load it anew. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error ? <Fault error={error} /> : this.props.children;
  }
}

/** What is shown in place of a screen that failed. */
export function Fault({ error }: { error: Error }) {
  return (
    <Notice tone="bad" title="This page has a fault">
      <p>{error.message}</p>
      <p>
        Nothing was changed by it. <a href={location.href}>Load the page again</a>; if it comes back, tell the operator
        what is written here.
      </p>
    </Notice>
  );
}
