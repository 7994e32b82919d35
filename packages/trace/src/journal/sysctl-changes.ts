/** Settings of the network that decide what becomes of packets; compared where the kernel does not tell who writes them. */
const comparedSysctls: readonly string[] = [
  'net.ipv4.ip_forward',
  'net.ipv4.conf.all.rp_filter',
  'net.ipv4.conf.default.rp_filter',
  'net.ipv6.conf.all.forwarding',
  'net.ipv6.conf.all.disable_ipv6',
  'net.bridge.bridge-nf-call-iptables',
  'net.bridge.bridge-nf-call-ip6tables',
  'net.bridge.bridge-nf-call-arptables',
  'net.netfilter.nf_conntrack_max',
];

/** Finds out what others do to settings, by what they are before and after. */
export class SysctlChanges {
  readonly #read: (key: string) => string | undefined;
  readonly #known: Map<string, string | undefined>;

  /** @param read the value of a setting now; `undefined` where there is none. */
  constructor(read: (key: string) => string | undefined) {
    this.#read = read;
    this.#known = new Map(comparedSysctls.map((key) => [key, read(key)]));
  }

  /** We have set one ourselves. */
  touch(key: string, value: string): void {
    if (this.#known.has(key)) this.#known.set(key, value);
  }

  /** Compare them all. @returns what somebody else has done. */
  compare(): string[] {
    return [...this.#known].flatMap(([key, before]) => {
      const after = this.#read(key);
      this.#known.set(key, after);
      // A module that is loaded brings its settings along.
      return before === undefined || after === undefined || before === after ? [] : [sysctlText(key, before, after)];
    });
  }
}

/** `net.ipv4.ip_forward: 1 changed to 0`. */
export function sysctlText(key: string, before: string, after: string): string {
  return `${key}: ${before} changed to ${after}`;
}

/** The key of a file below `/proc/sys`, as sysctl(8) writes it. */
export function sysctlKey(path: string): string {
  return path
    .split('/')
    .map((part) => part.replaceAll('.', '/'))
    .join('.');
}
