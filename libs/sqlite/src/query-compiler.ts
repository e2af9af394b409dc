import {
  ColumnNode,
  OperatorNode,
  PrimitiveValueListNode,
  ReferenceNode,
  SqliteQueryCompiler,
  ValueNode,
  type BinaryOperationNode,
  type LimitNode,
  type OffsetNode,
  type OperationNode,
} from 'kysely';

/** Stands in a query for a value that is given when it runs. */
export class Placeholder {
  constructor(readonly name: string) {}
}

/** Partial indexes are of rows in one of these states. */
const STATES = new Set(['status', 'state']);
/** What is written into SQL: words of our own schema, and nothing that could end a text. */
const STATE = /^[a-z][a-z_-]{0,30}$/;

/**
 * Kysely's SQL with values that SQLite does not look at when it plans.
 *
 * A plan that was made for a bound value is thrown away when the value changes, and better-sqlite3 unbinds all of them after
 * each run: SQLite would parse and plan most statements anew whenever they run, which takes several times as long as an
 * indexed look-up. A value behind a unary plus is not looked at. Those that a plan has to know are written into the SQL:
 * states, without which no partial index is used, and limits.
 */
export class PlannedOnceQueryCompiler extends SqliteQueryCompiler {
  protected override appendValue(parameter: unknown): void {
    this.append('+');
    super.appendValue(parameter);
  }

  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const { leftOperand, operator, rightOperand } = node;
    if (!OperatorNode.is(operator)) return super.visitBinaryOperation(node);
    if (operator.operator === 'like') return this.#compare(node, () => this.#appendPattern(rightOperand));
    const states = isStateColumn(leftOperand) ? readStates(rightOperand) : undefined;
    if (states === undefined) return super.visitBinaryOperation(node);
    const list = states.map((state) => `'${state}'`).join(', ');
    this.#compare(node, () => this.append(ValueNode.is(rightOperand) ? list : `(${list})`));
  }

  protected override visitLimit(node: LimitNode): void {
    if (!isWhole(node.limit)) return super.visitLimit(node);
    this.append(`limit ${node.limit.value}`);
  }

  protected override visitOffset(node: OffsetNode): void {
    if (!isWhole(node.offset)) return super.visitOffset(node);
    this.append(`offset ${node.offset.value}`);
  }

  #compare({ leftOperand, operator }: BinaryOperationNode, appendRight: () => void): void {
    this.visitNode(leftOperand);
    this.append(' ');
    this.visitNode(operator);
    this.append(' ');
    appendRight();
  }

  /** A pattern is looked at: how it begins decides whether an index helps. */
  #appendPattern(pattern: OperationNode): void {
    if (ValueNode.is(pattern) && pattern.immediate !== true) super.appendValue(pattern.value);
    else this.visitNode(pattern);
  }
}

/** SQL of a query that is compiled once: only what stands in for a value is a parameter. */
export class PreparedQueryCompiler extends PlannedOnceQueryCompiler {
  protected override appendValue(parameter: unknown): void {
    if (parameter instanceof Placeholder) super.appendValue(parameter);
    else this.appendImmediateValue(parameter);
  }
}

function isStateColumn(node: OperationNode): boolean {
  return ReferenceNode.is(node) && ColumnNode.is(node.column) && STATES.has(node.column.column.name);
}

/** States that a column is compared with, if that is all it is compared with. */
function readStates(node: OperationNode): string[] | undefined {
  const values = ValueNode.is(node) ? [node.value] : PrimitiveValueListNode.is(node) ? node.values : [];
  const states = values.filter((value): value is string => typeof value === 'string' && STATE.test(value));
  return states.length > 0 && states.length === values.length ? states : undefined;
}

function isWhole(node: OperationNode): node is ValueNode & { value: number } {
  return ValueNode.is(node) && Number.isSafeInteger(node.value) && (node.value as number) >= 0;
}
