/** Why one event is refused; its batch goes on without it. */
export class Refusal {
  readonly code: string;
  readonly detail: string;

  constructor(code: string, detail: string) {
    this.code = code;
    this.detail = detail;
  }
}
