import { FairleadError, tryParseIpAddress } from '@fairlead/base';

/** A name server to ask. */
export interface Upstream {
  /** IP address; a link-local one with its zone, as in `fe80::1%eth0`. */
  readonly address: string;
  readonly port: number;
}

/** The port of name servers. */
const DNS_PORT = 53;

/**
 * Parse `ADDRESS`, `IPv4:PORT` or `[IPv6]:PORT`.
 *
 * @throws FairleadError `invalid-argument` for anything else.
 */
export function parseUpstream(text: string): Upstream {
  const match = /^\[(?<v6>[^\]]+)\](?::(?<v6Port>\d+))?$|^(?<v4>[\d.]+):(?<v4Port>\d+)$/.exec(text);
  const { v6, v4, v6Port, v4Port } = match?.groups ?? {};
  const address = v6 ?? v4 ?? text;
  const port = Number(v6Port ?? v4Port ?? DNS_PORT);
  const [host = '', zone] = address.split('%', 2);
  const parsed = tryParseIpAddress(host);
  if (parsed === undefined || port < 1 || port > 65535) {
    throw new FairleadError('invalid-argument', `invalid name server: ${text}`);
  }
  return { address: zone === undefined ? parsed : `${parsed}%${zone}`, port };
}

/** The inverse of {@link parseUpstream}; a key. */
export function formatUpstream({ address, port }: Upstream): string {
  if (port === DNS_PORT) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A server that failed this often in a row is asked after the others. */
const FAILURES_UNTIL_UNHEALTHY = 2;
/** After this many milliseconds an unhealthy server gets its place back and one more chance. */
const UNHEALTHY_FOR = 15_000;

/**
 * Which servers answered lately. The configured order stands, for the first server may know names that the others
 * deny; only a server that keeps silent goes behind those that talk.
 */
export class UpstreamHealth {
  readonly #failures = new Map<string, { count: number; at: number }>();
  readonly #now: () => number;

  /** @param now the time in milliseconds, from any origin. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  answered(upstream: Upstream): void {
    this.#failures.delete(formatUpstream(upstream));
  }

  failed(upstream: Upstream): void {
    const key = formatUpstream(upstream);
    this.#failures.set(key, { count: (this.#failures.get(key)?.count ?? 0) + 1, at: this.#now() });
  }

  /** The servers in the order in which to ask them. */
  rank(upstreams: readonly Upstream[]): Upstream[] {
    const penalty = (upstream: Upstream) => Number(this.#isUnhealthy(upstream));
    return upstreams.toSorted((one, other) => penalty(one) - penalty(other));
  }

  #isUnhealthy(upstream: Upstream): boolean {
    const failures = this.#failures.get(formatUpstream(upstream));
    if (failures === undefined || failures.count < FAILURES_UNTIL_UNHEALTHY) return false;
    return this.#now() - failures.at < UNHEALTHY_FOR;
  }
}
