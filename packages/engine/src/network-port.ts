import type { PortPolicies } from '@fairlead/base';
import type {
  AdmittedMapping,
  Endpoint,
  EndpointConfig,
  Network,
  NetworkRequest,
  NetworkUpdate,
  PortBinding,
  RecordChange,
  SubnetUsage,
} from '@fairlead/network';

/** Networks and who is on them. */
export interface NetworkService {
  create(request: NetworkRequest): Promise<{ readonly id: string; readonly warning: string }>;
  remove(reference: string): Promise<void>;
  inspect(reference: string): { readonly network: Network; readonly endpoints: readonly Endpoint[] };
  /** What of other tools' rules keeps packets of a network from coming in or going out, a sentence each. */
  obstacles(network: Network): readonly string[];
  /** Routes of others that lead away with addresses of a network, a sentence each. */
  overlaps(network: Network): Promise<readonly string[]>;
  /** Others on the bridge of a network, a sentence each: engines that take it for their own, addresses that are used twice. */
  sharing(network: Network): { readonly engines: readonly string[]; readonly clashes: readonly string[] };
  /** How much of each subnet of a network is used. */
  usage(network: Network): readonly SubnetUsage[];
  list(): readonly Network[];
  /** @param signal gives up to wait for an address, on a network where a LAN gives it. */
  connect(reference: string, container: string, config: EndpointConfig, signal?: AbortSignal): Promise<void>;
  /**
   * Take a link away from the container that has it (`--link` on the default bridge).
   *
   * @param name `web/db`, the link `db` of the container `web`.
   * @throws FairleadError `not-found`.
   */
  unlink(name: string): Promise<void>;
  disconnect(reference: string, container: string, force: boolean): Promise<void>;
  /** Change a network that is there; its endpoints follow. @throws FairleadError, and then nothing is changed. */
  update(reference: string, update: NetworkUpdate): Promise<void>;
  /**
   * Change how fast a container may be on a network, running or not: `10mbit`, or `none`; what is absent stays.
   *
   * @throws FairleadError `invalid-argument`, or `not-found` for a container that is not on the network.
   */
  limit(network: string, container: string, change: { readonly in?: string; readonly out?: string }): Promise<void>;
  /** Change what users have written of names on a network. @throws FairleadError, and then nothing is changed. */
  changeRecords(reference: string, change: RecordChange): Promise<Network>;
  /** What a container publishes now, with who may ask for it; nothing while it does not run. */
  admissions(container: string): readonly AdmittedMapping[];
  /**
   * Change the published ports of a container, running or not; none when that fails.
   *
   * @param change the ports that it is to publish, made from those asked for before and from what labels say of askers.
   * @returns what is published now, ranges as they are.
   */
  publish(
    container: string,
    change: (before: readonly PortBinding[], policies: PortPolicies) => readonly PortBinding[],
  ): Promise<readonly AdmittedMapping[]>;
}
