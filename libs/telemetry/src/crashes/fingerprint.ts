import { hash } from 'node:crypto';
import { findStack, readFrames } from './fingerprint-frames.js';
import { normaliseText } from './fingerprint-text.js';

/** What crashes are grouped by: equal for the same crash on every device, different for another one. */
export interface CrashSignature {
  kind: 'app_crash' | 'lua_error';
  /** What the device called it; the kind where it did not. */
  crashType: string;
  /** Without addresses, ids, quoted texts, paths and numbers; at most 300 characters. */
  message: string;
  /** The first frames, at most 5, without addresses, line numbers, arguments and directories. */
  frames: string[];
  /** 16 bytes of SHA-256 over the normal form. */
  fingerprint: Buffer;
}

/** Part of every fingerprint: a change of the rules begins new groups and mixes with none of the old ones. */
const RULES_VERSION = 1;
const FINGERPRINT_BYTES = 16;
const MAX_FRAMES = 5;
const MAX_MESSAGE_CHARS = 300;
const MAX_TYPE_CHARS = 100;
/** More than `data` may hold: a caller without that limit still pays a bounded time. */
const MAX_TEXT_CHARS = 8192;

/**
 * Signs a crash by its type, message and first frames. Fields that are missing or no text count as empty; a message that
 * carries its stack trace is split where there is no `stack` beside it. The same input gives the same signature for ever,
 * until {@link RULES_VERSION} changes.
 */
export function signCrash(type: 'app_crash' | 'lua_error', data: Record<string, unknown>): CrashSignature {
  const crashType = cut(normaliseText(textOf(data.crash_type)), MAX_TYPE_CHARS) || type;
  const sent = textOf(data.message);
  const at = findStack(sent);
  const message = cut(normaliseText(at < 0 ? sent : sent.slice(0, at)), MAX_MESSAGE_CHARS);
  const stack = textOf(data.stack) || (at < 0 ? '' : sent.slice(at));
  const frames = readFrames(stack, MAX_FRAMES);
  const normalForm = JSON.stringify([RULES_VERSION, type, crashType, message, frames]);
  return {
    kind: type,
    crashType,
    message,
    frames,
    fingerprint: hash('sha256', normalForm, 'buffer').subarray(0, FINGERPRINT_BYTES),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARS) : '';
}

function cut(text: string, maxChars: number): string {
  return text.slice(0, maxChars).toWellFormed().trimEnd();
}
