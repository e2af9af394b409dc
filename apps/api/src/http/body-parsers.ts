import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../common/app-error.js';

/** JSON bodies are texts that people write; the largest is a listing. */
export const JSON_LIMIT_BYTES = 256 * 1024;
/** Icons come whole into memory before they are looked at. */
const IMAGE_LIMIT_BYTES = 1024 * 1024;
/** No body of ours nests deeper than a few levels; what walks one recursively must not run out of stack. */
const JSON_MAX_DEPTH = 32;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** The content types that the API takes: JSON, an image, and packages as a stream that nobody buffers. */
export function addBodyParsers(fastify: FastifyInstance): void {
  // Keys that would reach a prototype are refused, not dropped.
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Many clients name the content type on every POST, also on an action that has nothing to say.
    if (body.length === 0) return done(null, undefined);
    try {
      return parseJson(request, decodeJson(body), done);
    } catch (error) {
      return done(error as Error, undefined);
    }
  });
  // An unread body must not be buffered, so the stream itself is the body.
  fastify.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  fastify.addContentTypeParser<Buffer>(
    'image/png',
    { parseAs: 'buffer', bodyLimit: IMAGE_LIMIT_BYTES },
    (_request: FastifyRequest, body, done) => done(null, body),
  );
  fastify.removeContentTypeParser('text/plain');
}

/** The text of a JSON body. @throws AppError `body-unreadable` for what is no UTF-8, or nests too deeply */
function decodeJson(body: Buffer): string {
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch (error) {
    throw new AppError('body-unreadable', 'The body is not valid UTF-8.', { cause: error });
  }
  if (nestsDeeper(text, JSON_MAX_DEPTH)) {
    throw new AppError('body-unreadable', `The body nests deeper than ${JSON_MAX_DEPTH} levels.`);
  }
  return text;
}

function nestsDeeper(json: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '[' || character === '{') {
      depth += 1;
      if (depth > limit) return true;
    } else if (character === ']' || character === '}') depth -= 1;
  }
  return false;
}
