import { QueryError, type RawField } from '../queries/types.js';
import type { Bound } from './raw-events.js';

const COLUMNS = ['type', 'app_version', 'mosis_version', 'os', 'country', 'device_model', 'locale'];
const EVENT_TYPE = /^[a-z][a-z0-9_]{0,59}$/;

/** A value an event may hold. */
export type Scalar = string | number | boolean;

/**
 * A field as JSON text: null when the event does not have it, or holds JSON's null there.
 *
 * @throws QueryError `unknown-field`
 */
export function fieldAsJson(field: RawField, bound: Bound): string {
  const pointer = dataPointer(field);
  if (pointer === undefined) return `to_json(e.${column(field)})::VARCHAR`;
  return `nullif(json_extract(e.data, ${bound.add(pointer)}::VARCHAR)::VARCHAR, 'null')`;
}

/** The value a field's JSON text stands for. */
export function scalarOf(json: string | null): Scalar | null {
  return json === null ? null : (JSON.parse(json) as Scalar | null);
}

/** A key inside `data` as a bound JSON pointer. */
export function pointerTo(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** True for events whose field equals a value of the same type. @throws QueryError `unknown-field` */
export function fieldEquals(field: RawField, value: Scalar, bound: Bound): string {
  return compareField(field, '=', value, bound);
}

/**
 * True for events whose field compares so with a value of the same type; numbers as numbers, text by its bytes.
 *
 * @throws QueryError `unknown-field`, `not-possible`
 */
export function compareField(
  field: RawField,
  operator: '=' | '<' | '<=' | '>' | '>=',
  value: Scalar,
  bound: Bound,
): string {
  const pointer = dataPointer(field);
  if (pointer === undefined) {
    if (typeof value !== 'string') throw new QueryError('not-possible', `${field} is compared with text.`);
    return `coalesce(e.${column(field)} ${operator} ${bound.add(value)}::VARCHAR, false)`;
  }
  const path = `${bound.add(pointer)}::VARCHAR`;
  const text = `json_extract_string(e.data, ${path})`;
  const type = `json_type(e.data, ${path})`;
  switch (typeof value) {
    case 'string':
      return `coalesce(${type} = 'VARCHAR' AND ${text} ${operator} ${bound.add(value)}::VARCHAR, false)`;
    case 'boolean':
      if (operator !== '=')
        throw new QueryError('not-possible', 'true and false are compared with eq, ne and in only.');
      return `coalesce(${type} = 'BOOLEAN' AND ${text} = ${bound.add(String(value))}::VARCHAR, false)`;
    default:
      // Bound as text: a whole number would be bound as one of 64 bits, which larger ones do not fit.
      return `coalesce(${type} IN ('BIGINT', 'UBIGINT', 'DOUBLE')
        AND TRY_CAST(${text} AS DOUBLE) ${operator} ${bound.add(String(value))}::VARCHAR::DOUBLE, false)`;
  }
}

/** @throws QueryError `invalid-type` unless the name is one an event may have */
export function checkType(type: string): void {
  if (!EVENT_TYPE.test(type))
    throw new QueryError('invalid-type', `${JSON.stringify(type)} is no name of an event type.`);
}

function dataPointer(field: RawField): string | undefined {
  return field.startsWith('data.') && field.length > 5 ? pointerTo(field.slice(5)) : undefined;
}

function column(field: RawField): string {
  if (COLUMNS.includes(field)) return field;
  const possible = `${COLUMNS.join(', ')} or data.<key>`;
  throw new QueryError('unknown-field', `${JSON.stringify(field)} is no field of an event: it is ${possible}.`);
}
