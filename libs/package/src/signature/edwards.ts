/** p of Curve25519 (RFC 8032, section 5.1). */
export const FIELD_PRIME = (1n << 255n) - 19n;
/** L, the order of the base point. */
export const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
/** d = -121665/121666, the constant of the curve equation -x² + y² = 1 + d·x²·y². */
const CURVE_D = mod(-121665n * invert(121666n));

/** Coordinates with x = X/Z, y = Y/Z, x·y = T/Z, for which addition needs no inversion. */
interface Point {
  X: bigint;
  Y: bigint;
  Z: bigint;
  T: bigint;
}

const NEUTRAL: Point = { X: 0n, Y: 1n, Z: 1n, T: 0n };

/**
 * Whether a canonical encoding is a point of the prime-order subgroup: on the curve, and L times it is the neutral
 * element. Used on keys at registration only; the arithmetic is on public values and need not be constant-time.
 */
export function isPrimeOrderPoint(encoded: Buffer): boolean {
  const point = decode(encoded);
  if (point === undefined) return false;
  const product = multiply(point, GROUP_ORDER);
  const isNeutral = mod(product.X) === 0n && mod(product.Y - product.Z) === 0n;
  return isNeutral && mod(point.X) !== 0n;
}

/** Whether a point with this y has order 1, 2, 4 or 8. The order-8 ones are the y whose doubled point has y = 0. */
export function isSmallOrderY(y: bigint): boolean {
  if (y === 0n || y === 1n || y === FIELD_PRIME - 1n) return true;
  // Doubling gives y = (y² + x²) / (2 - y² + x²), which is zero exactly when x² = -y²; put into the curve equation
  // that is d·y⁴ + 2·y² = 1.
  const y2 = mod(y * y);
  return mod(CURVE_D * y2 * y2 + 2n * y2 - 1n) === 0n;
}

/** Reads an unsigned little-endian number. */
export function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);
}

function decode(encoded: Buffer): Point | undefined {
  const number = littleEndian(encoded);
  const y = number & ((1n << 255n) - 1n);
  if (y >= FIELD_PRIME) return undefined;
  const y2 = mod(y * y);
  const x2 = mod((y2 - 1n) * invert(CURVE_D * y2 + 1n));
  // p = 5 mod 8: a root of a square a is a^((p+3)/8), or that times the root of -1.
  let x = power(x2, (FIELD_PRIME + 3n) / 8n);
  if (mod(x * x) !== x2) x = mod(x * power(2n, (FIELD_PRIME - 1n) / 4n));
  if (mod(x * x) !== x2) return undefined;
  if ((x & 1n) !== number >> 255n) x = mod(-x);
  return { X: x, Y: y, Z: 1n, T: mod(x * y) };
}

/** Unified addition for a = -1 (Hisil et al. 2008, section 3.1); also right when both points are the same. */
function add(p: Point, q: Point): Point {
  const a = mod((p.Y - p.X) * (q.Y - q.X));
  const b = mod((p.Y + p.X) * (q.Y + q.X));
  const c = mod(2n * CURVE_D * p.T * q.T);
  const d = mod(2n * p.Z * q.Z);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return { X: mod(e * f), Y: mod(g * h), Z: mod(f * g), T: mod(e * h) };
}

function multiply(point: Point, scalar: bigint): Point {
  let result = NEUTRAL;
  for (let addend = point, left = scalar; left > 0n; left >>= 1n, addend = add(addend, addend)) {
    if (left & 1n) result = add(result, addend);
  }
  return result;
}

function mod(value: bigint): bigint {
  const rest = value % FIELD_PRIME;
  return rest < 0n ? rest + FIELD_PRIME : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), left = exponent; left > 0n; left >>= 1n, square = mod(square * square)) {
    if (left & 1n) result = mod(result * square);
  }
  return result;
}

function invert(value: bigint): bigint {
  return power(value, FIELD_PRIME - 2n);
}
