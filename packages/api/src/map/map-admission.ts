import { timingSafeEqual } from 'node:crypto';

/** What a request is judged by. */
export interface Visit {
  /** Path and query, as sent. */
  readonly target: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: whose page asked. */
  readonly site: string | undefined;
}

/** What becomes of a request. */
export type Decision =
  | { readonly kind: 'pass'; readonly target: string }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'refuse'; readonly reason: string };

/** Invitations that nobody has followed yet; older ones are forgotten. */
const CAPACITY = 8;

/**
 * Decides who sees the map on a TCP port, which every user of the machine and every page in a browser can connect to.
 *
 * The key is a part of the path, so that no browser sends it along by itself, as it does a cookie: a page that does not
 * know it can ask for nothing. An invitation is another key that works once, for it is seen on terminals and in lists of
 * processes. The host name is checked as well, against names of others that lead to 127.0.0.1 (DNS rebinding).
 */
export class MapAdmission {
  readonly #newKey: () => string;
  readonly #key: string;
  readonly #invitations: string[] = [];

  constructor(newKey: () => string) {
    this.#newKey = newKey;
    this.#key = newKey();
  }

  /** A key that opens the page once. */
  invite(): string {
    const key = this.#newKey();
    this.#invitations.push(key);
    this.#invitations.splice(0, this.#invitations.length - CAPACITY);
    return key;
  }

  /** Judge a request. */
  judge({ target, host, origin, site }: Visit): Decision {
    if (!isLoopbackHost(host)) return { kind: 'refuse', reason: 'This page answers to 127.0.0.1 and localhost only.' };
    if (origin !== undefined && origin !== `http://${host}`) return stranger;
    if (site === 'cross-site') return stranger;
    const [, first = '', second = '', ...rest] = target.split('/');
    if (first === 'open' && rest.length === 0) return this.#open(second);
    if (!isSame(first, this.#key)) return { kind: 'refuse', reason: 'Ask for an address with: fairlead map' };
    return { kind: 'pass', target: `/${[second, ...rest].join('/')}` };
  }

  #open(invitation: string): Decision {
    const index = this.#invitations.findIndex((known) => isSame(known, invitation));
    if (index < 0) {
      const reason = 'This address has been used already, or is not known. Ask for a new one with: fairlead map';
      return { kind: 'refuse', reason };
    }
    this.#invitations.splice(index, 1);
    return { kind: 'redirect', location: `/${this.#key}/fairlead/map/` };
  }
}

const stranger: Decision = { kind: 'refuse', reason: 'Another site’s page has no business here.' };

/** Any port: it may have been forwarded, as with `ssh -L`. */
function isLoopbackHost(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host ?? '');
}

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
