import { commonRange, familyOf, type IpAddress, withoutRange } from '@fairlead/base';
import { PortError } from '@fairlead/dns';
import { type AddressPorts, PortGuard, PortInUseError } from '@fairlead/kernel/guarding';
import { closeDescriptor, holdPort, SystemCallError } from '@fairlead/kernel/sockets';
import { localPortRange, readLocalPortRange } from './ephemeral-range.ts';
import type { PortGroup } from './port-group.ts';

/** Fewer ports than this are held faster by sockets: to look for who has some of them already takes about 2 ms. */
const LONG = 256;

/** A group in parts that are held as one and parts that need a socket for each port. */
export interface SplitGroup {
  readonly whole: readonly PortGroup[];
  readonly single: readonly PortGroup[];
}

/** Holds long ranges of ports as one, where the kernel can do that. */
export class RangeHolder implements Disposable {
  readonly #open: () => PortGuard;
  /** Undefined until the first range, and where the kernel has no such thing. */
  #guard: PortGuard | undefined;
  #isMissing = false;
  /** Sockets that were needed after all, by port. */
  readonly #sockets = new Map<PortGroup, Map<number, number>>();

  /** @param open tests put another kernel in its place. */
  constructor(open: () => PortGuard = () => new PortGuard()) {
    this.#open = open;
  }

  /** What the kernel gives out by itself needs sockets: it does not ask the guard then. */
  split(group: PortGroup): SplitGroup {
    if (group.last - group.first + 1 < LONG || !isGuarded(group) || this.#guarding() === undefined)
      return { whole: [], single: [group] };
    const local = localPortRange({ localPortRange: readLocalPortRange() });
    const whole = withoutRange(group, local).map((range) => ({ ...group, ...range }));
    const isLong = ({ first, last }: PortGroup) => last > first;
    const single = [...whole.filter((part) => !isLong(part)), ...commonRange(group, local)];
    return { whole: whole.filter(isLong), single: single.map((range) => ({ ...group, ...range })) };
  }

  /** @throws PortError for the lowest port that another process has. */
  hold(group: PortGroup): void {
    const guard = this.#guarding();
    if (guard === undefined || !isGuarded(group)) return;
    try {
      guard.hold(group);
    } catch (error) {
      if (!(error instanceof PortInUseError)) throw error;
      throw new PortError({ errno: 'EADDRINUSE', protocol: group.protocol, ...error.used });
    }
  }

  release(group: PortGroup): void {
    for (const descriptor of this.#sockets.get(group)?.values() ?? []) closeDescriptor(descriptor);
    this.#sockets.delete(group);
    if (isGuarded(group)) this.#guard?.release(group);
  }

  /** A socket that is bound to a port of a range, for answers that have to leave from there. */
  socketIn(group: PortGroup, address: IpAddress, port: number): number | undefined {
    const { protocol, addresses } = group;
    const own = addresses.find((each) => familyOf(each) === familyOf(address));
    const mark = this.#guard?.mark;
    if (own === undefined || mark === undefined) return undefined;
    const sockets = this.#sockets.getOrInsertComputed(group, () => new Map());
    return sockets.getOrInsertComputed(port, () =>
      holdPort({ protocol, family: familyOf(own), address: own, port, mark }),
    );
  }

  [Symbol.dispose](): void {
    this.#guard?.[Symbol.dispose]();
  }

  #guarding(): PortGuard | undefined {
    if (this.#guard !== undefined || this.#isMissing) return this.#guard;
    try {
      this.#guard = this.#open();
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      this.#isMissing = true;
    }
    return this.#guard;
  }
}

/** SCTP's binds do not pass the kernel's hook. */
function isGuarded(group: PortGroup): group is PortGroup & AddressPorts {
  return group.protocol !== 'sctp';
}
