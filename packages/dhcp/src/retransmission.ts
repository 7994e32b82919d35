/** A number in [0, 1), as `Math.random` gives it. */
export type Random = () => number;

/**
 * Milliseconds until a message of DHCPv4 is sent again that was sent `attempts` times: 4, 8, 16, 32, 64 seconds, give or
 * take one (RFC 2131, 4.1). Before these comes a short one: somebody waits for his container, and a port of a bridge that
 * has just come up may have lost the first message.
 */
export function retransmission4(attempts: number, random: Random): number {
  if (attempts <= 1) return 1000 + 250 * (2 * random() - 1);
  return 1000 * Math.min(64, 2 ** attempts) + 1000 * (2 * random() - 1);
}

/**
 * Milliseconds until a lease is asked for again that is to be prolonged: half of what is left, but no less than a minute
 * (RFC 2131, 4.4.5).
 */
export function renewal4(left: number): number {
  return Math.max(60_000, left / 2);
}

/** Times of RFC 8415, 7.6, in milliseconds; 0 means that there is no greatest. */
export interface Timing6 {
  readonly initial: number;
  readonly greatest: number;
}

/** SOL, REQ, REN, REB, DEC and INF of RFC 8415, 7.6. */
export const timing6 = {
  solicit: { initial: 1000, greatest: 3_600_000 },
  request: { initial: 1000, greatest: 30_000 },
  renew: { initial: 10_000, greatest: 600_000 },
  rebind: { initial: 10_000, greatest: 600_000 },
  decline: { initial: 1000, greatest: 0 },
  inform: { initial: 1000, greatest: 3_600_000 },
} as const satisfies Record<string, Timing6>;

/**
 * Milliseconds until a message of DHCPv6 is sent again (RFC 8415, 15).
 *
 * @param previous what this gave the last time; absent for the first.
 */
export function retransmission6({ initial, greatest }: Timing6, previous: number | undefined, random: Random): number {
  const jitter = 0.2 * random() - 0.1;
  const next = previous === undefined ? initial + jitter * initial : 2 * previous + jitter * previous;
  return greatest > 0 && next > greatest ? greatest + jitter * greatest : next;
}
