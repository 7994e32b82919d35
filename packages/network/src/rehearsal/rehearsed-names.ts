import type { PortRange } from '@fairlead/base';
import type { Sandbox } from '../model.ts';
import type { NameServicePort, PortReservation, ResolverPorts, ResolverSandbox } from '../name-service-port.ts';

/** Where the name server of a sandbox listens that is not there: the real one takes ports as they come. */
const SOME_PORTS = { udpPort: 40_053, tcpPort: 40_053 } as const;

/** A name service that is told nothing, and asked only which ports could be had. */
export class RehearsedNames implements NameServicePort {
  readonly #names: NameServicePort;
  readonly #sandbox: (id: string) => Sandbox | undefined;
  /** Owners who have let go of their ports in the play. */
  readonly #released = new Set<string>();

  constructor(names: NameServicePort, sandbox: (id: string) => Sandbox | undefined) {
    this.#names = names;
    this.#sandbox = sandbox;
  }

  async openSandbox({ id, servesIpv6 }: ResolverSandbox): Promise<ResolverPorts> {
    return { ...SOME_PORTS, ...(servesIpv6 && { ipv6: SOME_PORTS }), ...this.#sandbox(id)?.resolver };
  }

  async reservePorts(owner: string, reservations: readonly PortReservation[]): Promise<readonly PortRange[]> {
    // Who ends in the play may begin again as another: its ports are those that were let go of.
    const [giver = owner] = this.#released;
    return await this.tryPorts(giver, reservations, this.#released.has(giver));
  }

  async tryPorts(
    owner: string,
    reservations: readonly PortReservation[],
    anew: boolean,
  ): Promise<readonly PortRange[]> {
    return await this.#names.tryPorts(owner, reservations, anew);
  }

  async releasePorts(owner: string): Promise<void> {
    this.#released.add(owner);
  }

  async list() {
    return await this.#names.list();
  }

  async closeSandbox(): Promise<void> {}
  async setNetwork(): Promise<void> {}
  async removeNetwork(): Promise<void> {}
  async setEndpoint(): Promise<void> {}
  async removeEndpoint(): Promise<void> {}
  async setRelays(): Promise<void> {}
}
