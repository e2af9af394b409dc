import type { Generated } from 'kysely';

/** What a column is in the schema, and (by its type parameter) what its values are in TypeScript. */
export interface Column<Value, Insert extends 'required' | 'optional' = 'required'> {
  readonly type: 'TEXT' | 'INTEGER';
  readonly nullable: boolean;
  readonly hasDefault: boolean;
  /** Never present at run time: carries the types. */
  readonly _value?: Value;
  readonly _insert?: Insert;
}

/** 0 or 1: SQLite has no booleans, and better-sqlite3 binds none. */
export type Flag = 0 | 1;

/** A TEXT column that always has a value. */
export const text = <Value extends string = string>(): Column<Value> => ({
  type: 'TEXT',
  nullable: false,
  hasDefault: false,
});

/** A TEXT column that may be NULL. */
export const textOrNull = <Value extends string = string>(): Column<Value | null, 'optional'> => ({
  type: 'TEXT',
  nullable: true,
  hasDefault: false,
});

/** A TEXT column that the database fills when it is not given. */
export const textWithDefault = <Value extends string = string>(): Column<Value, 'optional'> => ({
  type: 'TEXT',
  nullable: false,
  hasDefault: true,
});

/** An INTEGER column that always has a value. */
export const integer = <Value extends number = number>(): Column<Value> => ({
  type: 'INTEGER',
  nullable: false,
  hasDefault: false,
});

/** An INTEGER column that may be NULL. */
export const integerOrNull = (): Column<number | null, 'optional'> => ({
  type: 'INTEGER',
  nullable: true,
  hasDefault: false,
});

/** An INTEGER column that the database fills when it is not given. */
export const integerWithDefault = <Value extends number = number>(): Column<Value, 'optional'> => ({
  type: 'INTEGER',
  nullable: false,
  hasDefault: true,
});

/** The Kysely row type of a set of columns. */
export type RowOf<Columns> = {
  [Name in keyof Columns]: Columns[Name] extends Column<infer Value, infer Insert>
    ? Insert extends 'optional'
      ? null extends Value
        ? Value
        : Generated<Value>
      : Value
    : never;
};
