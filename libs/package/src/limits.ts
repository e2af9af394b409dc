/** What a package may cost to receive and to read; every number is an inclusive upper bound. */
export interface PackageLimits {
  /** Size of the `.mosis` file. */
  packedBytes: number;
  /** Sum of all entries after inflating. */
  unpackedBytes: number;
  /** Records of the central directory, directories included. */
  entries: number;
  /** UTF-8 length of one path. */
  pathBytes: number;
  /** Unpacked over packed size of one entry. */
  ratio: number;
  /** Entries up to this unpacked size are exempt from {@link PackageLimits.ratio}: small text compresses very well. */
  ratioFloorBytes: number;
  /** Size of `manifest.json`; the bound of `MANIFEST.MF` follows from `entries` and `pathBytes`. */
  manifestBytes: number;
  /** Wall-clock time of one verification. */
  durationMs: number;
}

const MIB = 1024 * 1024;

/** The limits of DESIGN §5, used wherever the caller names none. */
export const DEFAULT_PACKAGE_LIMITS: PackageLimits = {
  packedBytes: 100 * MIB,
  unpackedBytes: 500 * MIB,
  entries: 10_000,
  pathBytes: 255,
  ratio: 100,
  ratioFloorBytes: MIB,
  manifestBytes: MIB,
  durationMs: 60_000,
};

/** Completes partial limits with the defaults; keys that are present but undefined count as absent. */
export function resolveLimits(limits: Partial<PackageLimits> = {}): PackageLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_PACKAGE_LIMITS, ...(Object.fromEntries(given) as Partial<PackageLimits>) };
}

/** Largest MANIFEST.MF a package within these limits can need: per entry the path, 44 digest characters, labels, line ends. */
export function signedListLimitBytes(limits: PackageLimits): number {
  return 1024 + limits.entries * (limits.pathBytes + 96);
}
