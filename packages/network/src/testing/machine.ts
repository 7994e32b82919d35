import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, silentLogger } from '@fairlead/base';
import type { Change } from '@fairlead/netlink';
import { Store } from '@fairlead/store';
import { NetworkController } from '../controller.ts';
import type { Endpoint, EndpointConfig, Network, NetworkEvent, Sandbox } from '../model.ts';
import type { PortBinding } from '../port/port-model.ts';
import type { PluginPort } from '../remote/plugin-port.ts';
import { type NetworkSettings, tableSettings } from '../settings.ts';
import { NetworkState } from '../state.ts';
import type { FakeLan } from './fake-lan.ts';
import { FakeNameService } from './fake-name-service.ts';
import { type InterruptibleKernel, Life, MortalKernel, MortalNames } from './life.ts';

/** What a test says about a container, the rest is plain. */
export interface Wanted {
  readonly ports?: readonly PortBinding[];
  readonly mode?: 'own' | 'host';
  readonly owner?: string;
}

/** A machine on which engines come and go: its kernel and name service stay, and the store's file. */
export class Machine<K extends InterruptibleKernel> implements Disposable {
  readonly kernel: K;
  readonly names = new FakeNameService();
  readonly events: NetworkEvent[] = [];
  readonly logged: string[] = [];
  settings: NetworkSettings;
  /** Drivers of others; set before the engine starts. */
  plugins: PluginPort | undefined;
  /** A LAN that containers can be hosts of; set before the engine starts. */
  lan: FakeLan | undefined;
  life = new Life();
  #directory = mkdtempSync(join(tmpdir(), 'fairlead-network-'));
  #store: Store | undefined;
  #controller: NetworkController | undefined;

  constructor(kernel: K, settings: NetworkSettings) {
    this.kernel = kernel;
    this.settings = settings;
  }

  get controller(): NetworkController {
    assert.ok(this.#controller);
    return this.#controller;
  }

  /** The store as it is, read anew. */
  get state(): NetworkState {
    assert.ok(this.#store);
    return new NetworkState(this.#store, tableSettings(this.settings));
  }

  /** Start an engine on the same store; the former one is dead. */
  async boot(life: Life, lives: (sandbox: Sandbox) => boolean = () => true) {
    this.open(life);
    return await this.start(lives);
  }

  /** Let the engine start and compare everything. @returns the changes that were needed. */
  async start(lives: (sandbox: Sandbox) => boolean = () => true): Promise<readonly Change[]> {
    const { changes, compareSandboxes } = await this.controller.start(lives);
    return [...changes, ...(await compareSandboxes())];
  }

  /** Make an engine that has not started yet. */
  open(life: Life): void {
    this.#store?.[Symbol.dispose]();
    this.#store = Store.open(join(this.#directory, 'state.db'));
    this.become(life);
  }

  /** The engine goes on with another fate. */
  become(life: Life): void {
    assert.ok(this.#store);
    this.life = life;
    const note = (message: string, details?: Record<string, unknown>) =>
      this.logged.push(`${message}: ${details?.['error']}`);
    const logger: Logger = { ...silentLogger, warn: note, error: note };
    const kernel = new MortalKernel(this.kernel, life);
    const emit = (event: NetworkEvent) => void this.events.push(event);
    const { plugins, lan } = this;
    const access = plugins && { plugins: async () => plugins, namespacePath: (name: string) => `/run/netns/${name}` };
    this.#controller = new NetworkController({
      store: this.#store,
      kernel,
      names: new MortalNames(this.names, life),
      settings: this.settings,
      logger,
      emit,
      ...(access && { plugins: access }),
      ...(lan && { lan: async () => lan.portOf(life) }),
    });
  }

  /** A sandbox for a container of that name. */
  async sandbox(name: string, { ports = [], mode = 'own', owner = `${name}-id` }: Wanted = {}): Promise<Sandbox> {
    const dns = { servers: [], search: [], options: [] };
    return await this.controller.openSandbox({ owner, ownerName: name, mode, ports, dns });
  }

  /** Join one network. */
  async join(sandbox: Sandbox, network: Network, config: EndpointConfig = {}): Promise<Endpoint> {
    const [endpoint] = await this.controller.join(sandbox.id, [{ network, hostname: sandbox.ownerName, config }]);
    assert.ok(endpoint);
    return endpoint;
  }

  [Symbol.dispose](): void {
    this.#store?.[Symbol.dispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
