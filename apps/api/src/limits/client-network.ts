import { isIPv6 } from 'node:net';

const GROUPS = 8;
/** Of an IPv6 address, what a provider gives one customer at least: the other half he numbers as he likes (RFC 6177, RFC 4291). */
const NETWORK_GROUPS = 4;

/**
 * What limits take for one client: an IPv4 address, also where it stands in an IPv6 one (`::ffff:192.0.2.1`), or the first 64 bits
 * of an IPv6 address. What is no address stays as it is.
 */
export function clientNetwork(address: string): string {
  // Node's own test is a regular expression of a kilobyte, and this is asked for each request.
  if (!address.includes(':')) return address;
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) return address;
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const hex = embedded ? `${embedded[1]}${pair(embedded[2], embedded[3])}:${pair(embedded[4], embedded[5])}` : plain;
  const [before = '', after] = hex.split('::');
  const [head, tail] = [groupsOf(before), groupsOf(after ?? '')];
  const groups = [...head, ...Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

function groupsOf(part: string): number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}

function pair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
