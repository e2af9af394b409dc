import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { AppError, type ProblemPart } from './app-error.js';
import { toPointer } from './json-pointer.js';

/** Metadata key of a route that reads no body. */
export const BODYLESS = Symbol('bodyless');

/** Marks a route none of whose parameters is its body. Parameters are decorated before their method is. */
export const MarkBodyless = (): MethodDecorator => (target, name, descriptor) => {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, name) ?? {}) as object;
  const readsBody = Object.keys(parameters).some((key) => key.startsWith(`${RouteParamtypes.BODY}:`));
  if (!readsBody && descriptor.value) Reflect.defineMetadata(BODYLESS, true, descriptor.value);
};

/**
 * Refuses what a route without a body would drop in silence. Nothing and `{}` are as good as no body: many clients send one.
 *
 * @throws AppError `validation-failed`
 */
export function refuseBody(body: unknown): void {
  if (body === undefined || body === null) return;
  const keys = isPlainObject(body) ? Object.keys(body) : undefined;
  if (keys?.length === 0) return;
  const errors: ProblemPart[] = keys
    ? keys
        .slice(0, 50)
        .map((key) => ({ pointer: toPointer([key]), code: 'unknown-key', detail: 'This route takes no body.' }))
    : [{ pointer: '', code: 'unknown-key', detail: 'This route takes no body.' }];
  throw new AppError('validation-failed', 'This route takes no body; what was sent would be lost.', { errors });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
