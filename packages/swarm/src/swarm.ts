import { FairleadError, type Logger, messageOf, newSwarmIdentifier, settleAll } from '@fairlead/base';
import type { Store } from '@fairlead/store';
import { chooseAddresses, dataPathPort, type HostAddress, hostOf, requireAddressPools } from './addresses.ts';
import { Books } from './books.ts';
import { newJoinToken, newRootAuthority } from './certificate-authority.ts';
import { type ClusterRequest, defaultClusterSpec, mergedClusterSpec, requireName } from './cluster-spec.ts';
import { Manager } from './manager.ts';
import type { Availability, Cluster, NodeDescription, SwarmEvent } from './model.ts';
import type { ServiceNetworks, TaskRuntime } from './task/task-runtime.ts';
import { isUnlockKey, newUnlockKey, Vault } from './vault.ts';

/** What a swarm knows of the machine that it is on. */
export interface SwarmSurroundings {
  readonly store: Store;
  readonly addresses: () => readonly HostAddress[];
  /** Address or interface that others are told, where a request says nothing; '' for none. */
  readonly defaultAddress?: string;
  readonly describe: () => Promise<NodeDescription>;
  readonly emit: (event: SwarmEvent) => void;
  readonly networks: ServiceNetworks;
  readonly runtime: TaskRuntime;
  /** A name for a service that is given none. */
  readonly inventName: (isTaken: (name: string) => boolean) => string;
  readonly logger: Logger;
}

/** What a new swarm is asked to be. */
export interface InitRequest {
  readonly listenAddress: string;
  readonly advertiseAddress: string;
  readonly dataPathAddress: string;
  readonly dataPathPort: number;
  readonly addressPools: readonly string[];
  readonly subnetSize: number;
  readonly forceNewCluster: boolean;
  readonly availability: Availability | '';
  readonly spec: ClusterRequest;
}

/** What this machine is in a swarm. */
export type SwarmStatus = 'inactive' | 'active' | 'locked';

/** Docker's words: clients that look everywhere for a name recognise them and go on. */
const notManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm ' +
  'and try again.';
const lockedWords =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.';
const leaveWords =
  'You are attempting to leave the swarm on a node that is participating as a manager. Removing the last manager ' +
  'erases all current state of the swarm. Use `--force` to ignore this message. ';
const lockedLeaveWords =
  'Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.';
const existsWords =
  'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.';

/** The swarm that this machine is in, or may come to be in: one of a single manager. */
export class Swarm implements AsyncDisposable {
  readonly #surroundings: SwarmSurroundings;
  readonly #books: Books;
  #manager: Manager | undefined;
  #leaving: Promise<void> | undefined;

  constructor(surroundings: SwarmSurroundings) {
    this.#surroundings = surroundings;
    this.#books = new Books(surroundings.store);
    const cluster = this.#books.cluster;
    // Nobody knows the key of a locked one yet.
    if (cluster !== undefined && 'plain' in cluster.rootKey) this.#manager = this.#manage(new Vault());
  }

  get status(): SwarmStatus {
    const { cluster } = this.#books;
    // What is left of a swarm that has been left is nobody's any more.
    if (cluster === undefined || cluster.pending === 'leaving') return 'inactive';
    return this.#manager === undefined ? 'locked' : 'active';
  }

  /** The swarm as it is stored; absent where this machine is in none. */
  get cluster(): Cluster | undefined {
    return this.#books.cluster;
  }

  /** What only a manager does. @throws FairleadError `unavailable` in dockerd's words where this machine is none. */
  manager(): Manager {
    if (this.#manager !== undefined && this.status === 'active') return this.#manager;
    throw unavailable(this.status === 'locked' ? lockedWords : notManager);
  }

  /**
   * Make a swarm of this machine.
   *
   * @returns the ID of its node.
   * @throws FairleadError in dockerd's words.
   */
  async init(request: InitRequest): Promise<string> {
    if (this.status === 'locked') throw unavailable(lockedWords);
    if (this.status === 'active') return this.#renew(request);
    requireName(request.spec);
    if (this.#books.cluster !== undefined) await this.#takeAway();
    const { listenAddress, advertiseAddress } = chooseAddresses(
      { ...request, advertiseAddress: request.advertiseAddress || (this.#surroundings.defaultAddress ?? '') },
      this.#surroundings.addresses(),
    );
    const subnetSize = request.subnetSize || 24;
    requireAddressPools(request.addressPools, subnetSize);
    const port = dataPathPort(request.dataPathPort);
    const spec = mergedClusterSpec(defaultClusterSpec, request.spec);
    const description = await this.#surroundings.describe();
    const vault = new Vault(spec.encryption.autoLockManagers ? newUnlockKey() : undefined);
    const nodeId = newSwarmIdentifier();
    const { certificate, key } = newRootAuthority();
    this.#books.transaction(() => {
      this.#books.add<Cluster>(this.#books.clusters, (stamps) => ({
        ...{ id: newSwarmIdentifier(), ...stamps },
        ...{ spec, nodeId, listenAddress, advertiseAddress, subnetSize },
        ...(request.addressPools.length > 0 && { addressPools: request.addressPools.map((pool) => pool.trim()) }),
        dataPathPort: port,
        pending: 'beginning',
        rootCertificate: certificate,
        rootKey: vault.seal(key),
        joinTokens: {
          worker: vault.seal(newJoinToken(certificate)),
          manager: vault.seal(newJoinToken(certificate)),
        },
      }));
      this.#books.add(this.#books.nodes, (stamps) => ({
        ...{ id: nodeId, ...stamps },
        spec: { labels: {}, role: 'manager', availability: request.availability || 'active' },
        description,
        address: hostOf(advertiseAddress),
      }));
    });
    this.#manager = this.#manage(vault);
    await this.#begin();
    this.#surroundings.emit({
      type: 'node',
      action: 'create',
      id: nodeId,
      attributes: { name: description.hostname },
    });
    return nodeId;
  }

  /** More machines come later. @throws FairleadError always. */
  join(): never {
    if (this.status !== 'inactive') throw unavailable(existsWords);
    throw new FairleadError(
      'not-implemented',
      'joining a swarm is not supported yet by this version of Fairlead: a swarm is one machine',
    );
  }

  /** Forget the swarm and all that is in it. @throws FairleadError `unavailable` in dockerd's words. */
  async leave(force: boolean): Promise<void> {
    if (this.status === 'inactive') throw unavailable('This node is not part of a swarm');
    if (!force) throw unavailable(this.status === 'locked' ? lockedLeaveWords : leaveWords);
    const { cluster } = this.#books;
    if (cluster !== undefined) this.#books.change(this.#books.clusters, { ...cluster, pending: 'leaving' });
    await this.#takeAway();
  }

  /** What {@link leave} has written down; begun again, it goes on. */
  async #takeAway(): Promise<void> {
    this.#leaving ??= this.#takeAllAway().finally(() => {
      this.#leaving = undefined;
    });
    await this.#leaving;
  }

  async #takeAllAway(): Promise<void> {
    await this.#manager?.orchestrator[Symbol.asyncDispose]();
    const { runtime, networks } = this.#surroundings;
    const services = [...this.#books.services];
    const tasks = [...this.#books.tasks].flatMap((task) => (task.status.containerId ? [task] : []));
    await settleAll([
      ...tasks.map((task) => () => runtime.remove(task, task.status.containerId ?? '')),
      ...services.map(
        ({ id }) =>
          () =>
            networks.remove(id),
      ),
      () => networks.removeAll(),
    ]);
    this.#books.clear();
    this.#manager = undefined;
  }

  /** Go on with the services: once the engine knows what has become of their containers. Never rejects. */
  async resume(): Promise<void> {
    const { logger, describe } = this.#surroundings;
    const { cluster } = this.#books;
    try {
      if (cluster?.pending === 'leaving') return await this.#takeAway();
      if (cluster === undefined || this.#manager === undefined) return;
      await this.#begin();
      this.#manager.nodes.describe(cluster.nodeId, await describe());
    } catch (error) {
      logger.error('swarm not as it was left', { error: messageOf(error) });
    }
    this.wake();
  }

  /** Look at the services: something has happened to a container. */
  wake(): void {
    this.#manager?.orchestrator.wake();
  }

  /** Let go; the tasks go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#manager?.orchestrator[Symbol.asyncDispose]();
  }

  /** Give the key of a swarm that has locked itself. @throws FairleadError in dockerd's words. */
  unlock(key: string): void {
    const { cluster } = this.#books;
    if (cluster === undefined || this.status === 'inactive') throw unavailable(notManager);
    if (this.#manager !== undefined) throw new FairleadError('conflict', 'swarm is not locked');
    if (!isUnlockKey(key)) throw new FairleadError('invalid-argument', 'invalid key string');
    const vault = new Vault(key);
    if (!vault.canOpen(cluster.rootKey))
      throw new FairleadError('unauthorized', 'swarm could not be unlocked: invalid key provided');
    this.#manager = this.#manage(vault);
    this.wake();
  }

  /** Make the network of published ports, if that is still to be done: who removes it later does not want it. */
  async #begin(): Promise<void> {
    const { networks } = this.#surroundings;
    const { cluster } = this.#books;
    if (cluster?.pending !== 'beginning') return;
    if (networks.ingress() === undefined) await networks.makeIngress();
    const { pending: _, ...settled } = cluster;
    this.#books.change(this.#books.clusters, settled);
  }

  /** A swarm of one has not lost the others: it goes on with another version. */
  #renew({ forceNewCluster }: InitRequest): string {
    const { cluster } = this.#books;
    if (!forceNewCluster || cluster === undefined) throw unavailable(existsWords);
    return this.#books.change(this.#books.clusters, cluster).nodeId;
  }

  #manage(vault: Vault): Manager {
    const { store: _, addresses: __, describe: ___, defaultAddress: ____, ...parts } = this.#surroundings;
    return new Manager({ ...parts, books: this.#books, vault });
  }
}

function unavailable(words: string): FairleadError {
  return new FairleadError('unavailable', words);
}
