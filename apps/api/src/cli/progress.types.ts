/** Progress of a long operation. */
export interface OperationProgress {
  done: number;
  total?: number;
}
