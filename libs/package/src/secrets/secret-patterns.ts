/** One kind of credential: where to look, and what must stand there. */
export interface SecretPattern {
  kind: string;
  /** The literal start; {@link ANCHOR} finds it before {@link SecretPattern.pattern} is tried. */
  anchor: RegExp;
  /** Sticky, tried at the anchor. Every quantifier is bounded, so that the work per anchor is too. */
  pattern: RegExp;
  /** A closer look at a match; `before` and `after` are its surroundings. */
  confirms?: (match: string, before: string, after: string) => boolean;
}

/** How far {@link SecretPattern.confirms} may look back, and a match and its surroundings may reach ahead. */
export const LOOK_BEHIND_BYTES = 256;
export const LOOK_AHEAD_BYTES = 2048;

/** An API key of this platform. The caller revokes what this finds, so the whole candidate is handed to it. */
export const SECRET_KEY_PATTERN = /mk_live_[0-9A-Za-z]{20,80}/;
export const SECRET_KEY_KIND = 'mosis-api-key';

const startsWord = (_match: string, before: string) => !/[0-9A-Za-z_]$/.test(before);
const endsWord = (after: string) => !/^[0-9A-Za-z_]/.test(after);
const isWord = (match: string, before: string, after: string) => startsWord(match, before) && endsWord(after);

/** Line ends as they are, escaped as in JSON, or inside the quotes of a concatenation. */
const PEM_GAP = String.raw`(?:[\s"'+,]|\\r|\\n){1,40}`;
/** "Proc-Type: 4,ENCRYPTED". A value cannot run past its line end, so there is one way to match it and no backtracking. */
const PEM_HEADER = String.raw`[A-Za-z-]{4,20}: [^\n\\]{1,200}(?=[\n\\])${PEM_GAP}`;
/** A title alone stands in every crypto library; with a line of base64 behind it, it is a key. */
const PEM_BODY = new RegExp(
  String.raw`-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----${PEM_GAP}` +
    String.raw`(?:${PEM_HEADER}){0,4}[A-Za-z0-9+/=]{40}`,
  'y',
);

/** AWS documents its examples with these. */
const isAwsExample = (id: string) => id.endsWith('EXAMPLE');
/** Forty characters of base64 with all three kinds of them: what an AWS secret is, and a hex digest or a word is not. */
const AWS_SECRET = /(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g;

function standsNearAwsSecret(before: string, after: string): boolean {
  return [before, after.slice(0, LOOK_BEHIND_BYTES)].some((text) =>
    [...text.matchAll(AWS_SECRET)].some(([s]) => /[a-z]/.test(s) && /[A-Z]/.test(s) && /[0-9]/.test(s)),
  );
}

export const SECRET_PATTERNS: readonly SecretPattern[] = [
  { kind: SECRET_KEY_KIND, anchor: /mk_live_/, pattern: new RegExp(SECRET_KEY_PATTERN.source, 'y') },
  {
    kind: 'google-service-account',
    anchor: /-----BEGIN /,
    pattern: PEM_BODY,
    confirms: (_match, before) => /"private_key"\s{0,10}:\s{0,10}"$/.test(before),
  },
  { kind: 'private-key', anchor: /-----BEGIN /, pattern: PEM_BODY },
  {
    kind: 'aws-access-key',
    anchor: /A[KS]IA/,
    pattern: /A[KS]IA[0-9A-Z]{16}/y,
    confirms: (match, before, after) =>
      isWord(match, before, after) && !isAwsExample(match) && standsNearAwsSecret(before, after),
  },
  { kind: 'github-token', anchor: /gh[opsur]_/, pattern: /gh[opsur]_[0-9A-Za-z]{36,255}/y, confirms: startsWord },
  { kind: 'github-token', anchor: /github_pat_/, pattern: /github_pat_[0-9A-Za-z_]{50,255}/y, confirms: startsWord },
  {
    kind: 'slack-token',
    anchor: /xox[abeoprs]-/,
    pattern: /xox[abeoprs](?:\.xox[bp])?-(?=[0-9A-Za-z-]{0,100}[0-9])[0-9A-Za-z]{1,20}-[0-9A-Za-z-]{10,255}/y,
    confirms: startsWord,
  },
  { kind: 'stripe-key', anchor: /[rs]k_live_/, pattern: /[rs]k_live_[0-9A-Za-z]{20,247}/y, confirms: startsWord },
  { kind: 'npm-token', anchor: /npm_/, pattern: /npm_[0-9A-Za-z]{36}/y, confirms: isWord },
];

/** All anchors in one pass: the only pattern that is run over every byte. */
export const ANCHOR = new RegExp([...new Set(SECRET_PATTERNS.map(({ anchor }) => anchor.source))].join('|'), 'g');
