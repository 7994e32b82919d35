import { type IpAddress, prefixContains } from '@fairlead/base';
import type { ContainerPlace, Directory } from '../model/directory.ts';
import type { FlowEnd } from './flow-report.ts';

/** Who has which address, at one moment. */
export class FlowNames {
  readonly #containers = new Map<IpAddress, { readonly name: string; readonly network: string }>();
  readonly #gateways = new Map<IpAddress, string>();
  readonly #host: ReadonlySet<IpAddress>;
  readonly #directory: Directory;

  /** @param host addresses of the host itself. */
  constructor(directory: Directory, host: ReadonlySet<IpAddress>) {
    this.#directory = directory;
    this.#host = host;
    for (const { name, gateways } of directory.networks)
      for (const gateway of gateways) this.#gateways.set(gateway, name);
    // A container that runs comes before one that keeps its address while it does not.
    const running = ({ namespace }: ContainerPlace) => (namespace === undefined ? 0 : 1);
    for (const { name, attachments } of directory.containers.toSorted((a, b) => running(a) - running(b))) {
      for (const { network, ipv4, ipv6 } of attachments)
        for (const address of [ipv4, ipv6]) if (address !== undefined) this.#containers.set(address, { name, network });
    }
  }

  /** What is known of an end. */
  endOf(address: IpAddress, port: number | undefined): FlowEnd {
    const base = { address, ...(port !== undefined && { port }) };
    const container = this.#containers.get(address);
    if (container !== undefined) return { kind: 'container', name: container.name, ...base };
    const gateway = this.#gateways.get(address);
    if (gateway !== undefined) return { kind: 'gateway', name: gateway, ...base };
    return { kind: this.#host.has(address) ? 'host' : 'outside', ...base };
  }

  /** The network that an address is on: by its owner, or else by the subnet that it is in. */
  networkOf(address: IpAddress): string | undefined {
    return this.#containers.get(address)?.network ?? this.#gateways.get(address) ?? this.#networkAround(address);
  }

  /** True for an address in a subnet of ours that nobody has: somebody may have got it since. */
  isUnknown(address: IpAddress): boolean {
    return !this.#containers.has(address) && !this.#gateways.has(address) && this.#networkAround(address) !== undefined;
  }

  #networkAround(address: IpAddress): string | undefined {
    return this.#directory.networks.find(({ subnets }) => subnets.some((subnet) => prefixContains(subnet, address)))
      ?.name;
  }
}
