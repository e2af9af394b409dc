import { quote } from './text.js';
import { UploadError, type UploadProblemPart } from './upload-error.js';

/** More than this many errors help nobody, and an upload can hold a hundred thousand. */
const MAX_ERRORS = 20;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const CONTROL_CHARACTER = /\p{Cc}/u;
const MAX_POINTER_KEY_CHARS = 60;

/** Whether a JSON value is an object, and neither an array nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the fields of an upload and collects what is wrong with them, up to a bound. A read of a wrong field answers an
 * empty stand-in; {@link throwIfAny} must be called before any of it is used.
 */
export class Fields {
  private readonly errors: UploadProblemPart[] = [];

  get isFull(): boolean {
    return this.errors.length >= MAX_ERRORS;
  }

  fail(pointer: string, code: string, detail: string): void {
    if (!this.isFull) this.errors.push({ pointer, code, detail });
  }

  /** @throws UploadError 422 `validation-failed` */
  throwIfAny(): void {
    if (this.errors.length > 0) throw validationFailed(this.errors);
  }

  /** Refuses every key that is not a known one. */
  knownKeys(object: Record<string, unknown>, base: string, known: ReadonlySet<string>): void {
    for (const key in object) {
      if (known.has(key)) continue;
      this.fail(pointerTo(base, key), 'unknown-key', `${quote(key)} is not known here.`);
      if (this.isFull) return;
    }
  }

  /** A UUID in lower case. */
  uuid(value: unknown, pointer: string): string {
    if (typeof value === 'string' && UUID.test(value)) return value.toLowerCase();
    if (value === undefined) this.missing(pointer);
    else this.fail(pointer, 'invalid-uuid', 'This is a UUID, such as 0f6f4f9e-3a52-4b0a-9d58-6a2b7a1f9c11.');
    return '';
  }

  /** One line of text with 1 to `maxChars` UTF-16 units. */
  text(value: unknown, pointer: string, maxChars: number): string {
    if (value === undefined) this.missing(pointer);
    else if (typeof value !== 'string') this.fail(pointer, 'invalid-type', 'This is a string.');
    else if (value.length === 0) this.fail(pointer, 'too-short', 'This has at least 1 character.');
    else if (value.length > maxChars) this.fail(pointer, 'too-long', `This has at most ${maxChars} characters.`);
    else if (!value.isWellFormed() || CONTROL_CHARACTER.test(value)) {
      this.fail(pointer, 'text-not-well-formed', 'This holds a control character or half a surrogate pair.');
    } else return value;
    return '';
  }

  /** As {@link text}, and null when the field is left out. */
  optionalText(value: unknown, pointer: string, maxChars: number): string | null {
    return value === undefined ? null : this.text(value, pointer, maxChars);
  }

  private missing(pointer: string): void {
    this.fail(pointer, 'missing', 'This is required.');
  }
}

/** The refusal of a batch whose shape is wrong; its sentence is that of the first error. */
export function validationFailed(errors: UploadProblemPart[]): UploadError {
  const [first] = errors;
  const detail = first ? `${first.pointer || 'body'}: ${first.detail}` : 'The batch is not valid.';
  return new UploadError({ status: 422, code: 'validation-failed', detail, errors });
}

/** The JSON pointer of a key; a long key is cut, since it is only there to be recognised. */
export function pointerTo(base: string, key: string): string {
  const shown = key.slice(0, MAX_POINTER_KEY_CHARS).toWellFormed();
  return `${base}/${shown.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
