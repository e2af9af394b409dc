/** One wrong part of an upload: a JSON pointer to it, a code, and what is wrong. */
export interface UploadProblemPart {
  pointer: string;
  code: string;
  detail: string;
}

/** Why a whole upload is refused; the HTTP side makes a problem document of it. */
export interface UploadProblem {
  status: 400 | 413 | 415 | 422;
  code: string;
  detail: string;
  errors?: UploadProblemPart[];
}

/** An upload that is refused as a whole: nothing of it is stored. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly problem: UploadProblem;

  constructor(problem: UploadProblem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}
