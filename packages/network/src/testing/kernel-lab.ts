import { execFileSync } from 'node:child_process';
import { silentLogger } from '@fairlead/base';
import { hostTables } from '@fairlead/firewall';
import { localSubnetSources, uniqueLocalSource } from '@fairlead/ipam';
import { enterNamespace, features, namespacePath } from '@fairlead/kernel';
import { Store } from '@fairlead/store';
import type { BridgeCapacity } from '../bridge/segments.ts';
import { NetworkController } from '../controller.ts';
import type { Endpoint, EndpointConfig } from '../model.ts';
import { FakeNameService } from './fake-name-service.ts';
import { KernelInside } from './kernel-inside.ts';

/** Networks and containers in a real kernel, without an engine around them, for packets that are really sent. */
export class KernelLab implements Disposable {
  readonly kernel: KernelInside;
  readonly controller: NetworkController;
  readonly #host: string;
  readonly #prefix: string;
  readonly #store = Store.open(':memory:');
  readonly #sandboxes = new Map<string, string>();

  /**
   * @param host name of the namespace that plays the host's.
   * @param prefix what the names of the containers' namespaces begin with.
   */
  constructor(host: string, prefix: string, bridgeCapacity?: BridgeCapacity) {
    this.#host = host;
    this.#prefix = prefix;
    this.kernel = new KernelInside(host, prefix);
    const settings = {
      sources: [...localSubnetSources, uniqueLocalSource('engine')],
      mtu: 1500,
      namespacePrefix: prefix,
      hostTables: hostTables({ protected: false }),
      ingress: features['ingress hooks'].isSupported(),
      hostResolvConf: () => '',
      ...(bridgeCapacity && { bridgeCapacity }),
    };
    this.controller = new NetworkController({
      ...{ store: this.#store, kernel: this.kernel, settings },
      names: new FakeNameService(),
      logger: silentLogger,
      emit() {},
    });
  }

  /** Make the host, and let the model start in it. */
  async start(): Promise<void> {
    await this.kernel.makeHost();
    await (await this.controller.start(() => true)).compareSandboxes();
  }

  /** Connect a container, which is made when it is not there. */
  async join(name: string, network: string, config: EndpointConfig = {}): Promise<Endpoint> {
    const { controller } = this;
    const dns = { servers: [], search: [], options: [] };
    const open = { owner: `${name}-id`, ownerName: name, mode: 'own', ports: [], dns } as const;
    const id = this.#sandboxes.get(name) ?? (await controller.openSandbox(open)).id;
    this.#sandboxes.set(name, id);
    const [endpoint] = await controller.join(id, [
      { network: controller.findNetwork(network), hostname: name, config },
    ]);
    if (endpoint === undefined) throw new Error(`${name} is not on ${network}`);
    return endpoint;
  }

  /** Disconnect a container. */
  async leave(name: string, network: string): Promise<void> {
    const { id } = this.controller.findNetwork(network);
    for (const endpoint of this.controller.endpointsOn(id)) {
      if (endpoint.ownerName === name) await this.controller.leave(endpoint);
    }
  }

  /** Do something in the namespace of a container, or with an empty name of the host. */
  inside<T>(name: string, work: () => T): T {
    return enterNamespace(this.#path(name), work);
  }

  /** Run a program there. @returns what it prints. @throws Error when it fails. */
  run(name: string, ...command: string[]): string {
    return execFileSync('nsenter', [`--net=${this.#path(name)}`, ...command], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Whether an address answers, within seconds. */
  reaches(from: string, address: string, patience = 10): boolean {
    try {
      this.run(from, 'busybox', 'ping', '-c', '1', '-W', `${patience}`, address);
      return true;
    } catch {
      return false;
    }
  }

  /** Index of a link of a container. */
  linkIndex(name: string, link: string): number {
    const [found]: [{ ifindex: number }] = JSON.parse(this.run(name, 'ip', '-j', 'link', 'show', link));
    return found.ifindex;
  }

  #path(name: string): string {
    return namespacePath(name === '' ? this.#host : `${this.#prefix}${name}`);
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
    this.kernel[Symbol.dispose]();
  }
}
