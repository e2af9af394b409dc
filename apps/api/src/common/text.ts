import { z } from 'zod';

// Controls, and the characters that reorder or hide text: what a reviewer reads must be what a device shows. Tag
// characters hide text, except those few after a black flag that make it England's, Scotland's or Wales'.
const HIDDEN_ANYWHERE = String.raw`\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb`;
const HIDDEN_TAG = String.raw`(?<!\u{1f3f4}[\u{e0020}-\u{e007f}]{0,6})[\u{e0000}-\u{e007f}]`;
const HIDDEN = new RegExp(String.raw`[\u0000-\u0008\u000b-\u001f${HIDDEN_ANYWHERE}]|${HIDDEN_TAG}`, 'u');
const HIDDEN_OR_BREAK = new RegExp(String.raw`[\u0000-\u001f${HIDDEN_ANYWHERE}]|${HIDDEN_TAG}`, 'u');

/** One line of plain text, trimmed and in NFC, without control or direction-changing characters. */
export function line(min: number, max: number) {
  return z
    .string()
    .max(max * 4)
    .transform((value) => value.normalize('NFC').trim())
    .pipe(
      z
        .string()
        .min(min, min === 1 ? 'must not be empty' : `must have at least ${min} characters`)
        .max(max, `must have at most ${max} characters`)
        .refine((value) => !HIDDEN_OR_BREAK.test(value), 'must not contain control or invisible characters')
        .refine((value) => value.isWellFormed(), 'must be well-formed Unicode'),
    );
}

/** Plain text of several lines, in NFC with LF line ends. It is never rendered as HTML or Markdown. */
export function paragraphs(max: number) {
  return z
    .string()
    .max(max * 4)
    .transform((value) => value.normalize('NFC').replaceAll(/\r\n?/g, '\n').trim())
    .pipe(
      z
        .string()
        .max(max, `must have at most ${max} characters`)
        .refine((value) => !HIDDEN.test(value), 'must not contain control or invisible characters')
        .refine((value) => value.isWellFormed(), 'must be well-formed Unicode'),
    );
}
