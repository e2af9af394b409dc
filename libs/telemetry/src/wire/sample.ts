const MAX_SAMPLE_CHARS = 512;

/**
 * The first 512 characters of a parsed JSON value as JSON. `JSON.stringify` would write out a megabyte to keep half a
 * kilobyte of it, and overflows the stack on deep nesting; this stops where the sample ends. A number that is not finite
 * is shown as `1e999`.
 */
export function sampleOf(value: unknown): string {
  const sampler = new Sampler();
  sampler.write(value);
  // The cut may have gone through a surrogate pair.
  return sampler.text.slice(0, MAX_SAMPLE_CHARS).toWellFormed();
}

class Sampler {
  text = '';

  private get isFull(): boolean {
    return this.text.length >= MAX_SAMPLE_CHARS;
  }

  /** Each level writes a character and descends only while there is room, so the sample's length bounds the depth too. */
  write(value: unknown): void {
    if (typeof value === 'string') {
      this.text += JSON.stringify(value.slice(0, MAX_SAMPLE_CHARS));
    } else if (typeof value === 'number' && !Number.isFinite(value)) {
      this.text += value > 0 ? '1e999' : '-1e999';
    } else if (Array.isArray(value)) {
      this.writeArray(value);
    } else if (typeof value === 'object' && value !== null) {
      this.writeObject(value as Record<string, unknown>);
    } else {
      this.text += JSON.stringify(value);
    }
  }

  private writeArray(values: unknown[]): void {
    this.text += '[';
    for (let index = 0; index < values.length && !this.isFull; index++) {
      if (index > 0) this.text += ',';
      this.write(values[index]);
    }
    this.text += ']';
  }

  private writeObject(values: Record<string, unknown>): void {
    this.text += '{';
    let isFirst = true;
    for (const key in values) {
      if (this.isFull) break;
      this.text += `${isFirst ? '' : ','}${JSON.stringify(key.slice(0, MAX_SAMPLE_CHARS))}:`;
      isFirst = false;
      this.write(values[key]);
    }
    this.text += '}';
  }
}
