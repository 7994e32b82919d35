import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { codeOf, parsePortPolicy } from '@fairlead/base';
import type { BridgeCapacity } from '../bridge/segments.ts';
import { withBandwidth } from '../endpoint/bandwidth.ts';
import type { EndpointConfig, Network, Sandbox } from '../model.ts';
import type { NetworkRequest } from '../network/network-request.ts';
import type { PortBinding } from '../port/port-model.ts';
import { type InterruptibleKernel, Life } from './life.ts';
import type { Machine } from './machine.ts';

/** mulberry32: small, and the same walk for the same seed everywhere. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

/** Bridges with room for one, two and two: the few containers of a walk need all of them now and then. */
export const narrow: BridgeCapacity = { ports: 3, segments: 2 };

/** One walk: what it did so far, and what it may do next. */
export class Walk<K extends InterruptibleKernel> {
  readonly #rig: Machine<K>;
  readonly #random: (below: number) => number;
  #names = 0;

  constructor(rig: Machine<K>, seed: number) {
    this.#rig = rig;
    this.#random = randomNumbers(seed);
  }

  /** Do something, and say what it was. */
  async step(): Promise<string> {
    const steps = [
      this.#createNetwork,
      this.#open,
      this.#open,
      this.#join,
      this.#join,
      this.#join,
      this.#leave,
      this.#publish,
      this.#update,
      this.#limit,
      this.#close,
      this.#remove,
      this.#rename,
      this.#damage,
      this.#restart,
    ];
    const step = this.#pick(steps);
    assert.ok(step);
    const crash = this.#random(5) === 0;
    if (crash) this.#rig.become(new Life({ dieAt: 1 + this.#random(15) }));
    const { life } = this.#rig;
    const done = await Promise.race([this.#tolerate(step.call(this)), life.end.then(() => 'crash')]);
    if (life.dead) await this.#rig.boot(new Life());
    else if (crash) this.#rig.become(new Life());
    return `${step.name} ${done}`;
  }

  /** What the user may be told is no fault of ours. */
  async #tolerate(work: Promise<string>): Promise<string> {
    try {
      return await work;
    } catch (error) {
      const known = codeOf(error) !== 'internal' || /no available|allocated|in use/.test(String(error));
      if (known) return `refused: ${error}`;
      throw error;
    }
  }

  async #createNetwork(): Promise<string> {
    // A machine has a dozen; a thousand would only make every look longer.
    if (this.#rig.controller.networks().length > 12) return await this.#remove();
    const flags = this.#random(32);
    if (this.#random(3) === 0) return (await this.#rig.controller.createNetwork(this.#onParent(flags))).name;
    const request: NetworkRequest = {
      name: `n${this.#names++}`,
      ipv6: (flags & 1) > 0,
      internal: (flags & 6) === 6,
      options: {
        ...((flags & 8) > 0 && { 'com.docker.network.bridge.gateway_mode_ipv4': 'routed' }),
        ...((flags & 16) > 0 && { 'com.docker.network.bridge.enable_icc': 'false' }),
        ...(flags % 3 === 0 && { 'com.fairlead.antispoof': 'true' }),
      },
      ...(flags % 5 === 0 && { ipam: { config: [{ subnet: `10.${this.#random(8)}.0.0/30` }] } }),
    };
    return (await this.#rig.controller.createNetwork(request)).name;
  }

  /** A few parents for all, so that some are shared and some are refused. */
  #onParent(flags: number): NetworkRequest {
    const parent = this.#pick(['', 'uplink', 'uplink.7', 'uplink.8', 'uplink.8', 'uplink.9']) ?? '';
    const driver = (flags & 3) === 0 ? 'ipvlan' : 'macvlan';
    const octet = this.#names;
    const subnet = `10.${100 + (octet >> 8)}.${octet & 255}.0/24`;
    return {
      name: `n${this.#names++}`,
      driver,
      ipv6: (flags & 4) > 0,
      internal: (flags & 24) === 24,
      options: {
        parent,
        ...(driver === 'ipvlan' && (flags & 8) > 0 && { ipvlan_mode: 'l3' }),
        ...(driver === 'macvlan' && (flags & 24) === 16 && { macvlan_mode: 'passthru' }),
        ...((flags & 6) === 2 && { 'com.fairlead.host-access': 'true' }),
      },
      ipam: { config: [(flags & 16) > 0 ? { subnet, gateway: `${subnet.slice(0, -4)}1` } : { subnet }] },
    };
  }

  async #open(): Promise<string> {
    const name = `c${this.#random(6)}`;
    const others = [...this.#rig.state.sandboxes];
    // A container that comes again has its leases; one that took its name while it was renamed is another one.
    const owner = others.some((other) => other.owner === `${name}-id`) ? `${name}-${this.#names++}` : `${name}-id`;
    if (others.some(({ ownerName }) => ownerName === name)) return '';
    const mode = this.#random(8) === 0 ? 'host' : 'own';
    return (await this.#rig.sandbox(name, { ports: this.#ports(), mode, owner })).ownerName;
  }

  async #join(): Promise<string> {
    const sandbox = this.#pick([...this.#rig.state.sandboxes]);
    if (sandbox === undefined) return '';
    const host = sandbox.namespace === '';
    const networks = this.#rig.controller
      .networks()
      .filter(({ name }) => (name === 'host') === host && name !== 'none');
    const config: EndpointConfig = { gatewayPriority: this.#random(3), aliases: [] };
    const wanted = new Set<Network>(
      Array.from({ length: 1 + this.#random(3) }, () => this.#pick(networks)).filter((item) => item !== undefined),
    );
    const requests = [...wanted].map((network) => ({ network, hostname: sandbox.ownerName, config }));
    await this.#rig.controller.join(sandbox.id, requests);
    return `${sandbox.ownerName} to ${requests.map(({ network }) => network.name)}`;
  }

  async #leave(): Promise<string> {
    const sandbox = this.#pick([...this.#rig.state.sandboxes]);
    const endpoint = sandbox && this.#pick([...this.#rig.controller.endpointsIn(sandbox.id)]);
    if (endpoint) await this.#rig.controller.leave(endpoint);
    return `${sandbox?.ownerName}`;
  }

  async #publish(): Promise<string> {
    const sandbox = this.#pick<Sandbox>([...this.#rig.state.sandboxes]);
    if (sandbox) await this.#rig.controller.publish(sandbox.id, this.#ports());
    return `${sandbox?.ownerName}`;
  }

  async #update(): Promise<string> {
    const network = this.#pick([...this.#rig.controller.networks()]);
    const P = 'com.docker.network.';
    const options = this.#pick<Record<string, string | null>>([
      { [`${P}driver.mtu`]: '1400' },
      { [`${P}driver.mtu`]: null, [`${P}bridge.gateway_mode_ipv4`]: null },
      { [`${P}bridge.gateway_mode_ipv4`]: 'routed' },
      { 'com.fairlead.ports.sources': '10.0.0.0/8', 'com.fairlead.bandwidth.out': '10mbit' },
      { 'com.fairlead.antispoof': 'true' },
      { 'com.fairlead.antispoof': null },
      { [`${P}bridge.enable_icc`]: 'false' },
      { [`${P}bridge.enable_icc`]: null },
      { [`${P}bridge.gateway_mode_ipv6`]: 'routed', [`${P}bridge.enable_icc`]: 'true' },
    ]);
    const subnets = this.#random(6) === 0 ? [{ subnet: `fd00:${this.#random(9)}::/64` }] : undefined;
    await this.#rig.controller.updateNetwork(network?.name ?? '', {
      ...(options && { options }),
      ...(subnets && { subnets }),
    });
    return `${network?.name} ${JSON.stringify({ options, subnets })}`;
  }

  async #limit(): Promise<string> {
    const sandbox = this.#pick([...this.#rig.state.sandboxes]);
    const endpoint = sandbox && this.#pick([...this.#rig.controller.endpointsIn(sandbox.id)]);
    const rate = this.#pick(['1mbit', '2mbit', 'none']) ?? '';
    const driverOptions = withBandwidth(endpoint?.config.driverOptions, { out: rate });
    if (endpoint) await this.#rig.controller.configure(endpoint, { ...endpoint.config, driverOptions });
    return `${sandbox?.ownerName} ${rate}`;
  }

  async #close(): Promise<string> {
    const sandbox = this.#pick([...this.#rig.state.sandboxes]);
    if (sandbox) await this.#rig.controller.closeSandbox(sandbox.id);
    if (sandbox && this.#random(2) === 0) this.#rig.controller.releaseLeases(sandbox.owner);
    return `${sandbox?.ownerName}`;
  }

  async #remove(): Promise<string> {
    const network = this.#pick([...this.#rig.controller.networks()]);
    await this.#rig.controller.removeNetwork(network?.name ?? '');
    return `${network?.name}`;
  }

  async #rename(): Promise<string> {
    const sandbox = this.#pick([...this.#rig.state.sandboxes]);
    if (sandbox) await this.#rig.controller.renameSandbox(sandbox.id, `r${this.#names++}`);
    return `${sandbox?.ownerName}`;
  }

  async #damage(): Promise<string> {
    const { kernel, names, controller } = this.#rig;
    const objects = kernel.observe('').filter(({ kind }) => kind === 'link' || kind === 'element' || kind === 'table');
    const victim = this.#pick(
      objects.filter((object) => object.kind !== 'link' || !['lo', 'uplink'].includes(object.name)),
    );
    const object = victim?.kind === 'link' ? { ...victim, type: { kind: 'other', name: '' } as const } : victim;
    if (object) await kernel.apply([{ action: 'remove', object }]);
    if (this.#random(3) === 0) names.restart();
    await controller.repair();
    return `${object?.kind}`;
  }

  async #restart(): Promise<string> {
    const share = this.#random(3);
    await this.#rig.boot(new Life(), ({ ownerName }) => share > 0 || ownerName < 'c3');
    return share > 0 ? 'all live' : 'some have died';
  }

  #ports(): PortBinding[] {
    return Array.from({ length: this.#random(4) }, () => {
      const port = 8000 + this.#random(6);
      const ephemeral = this.#random(3) === 0;
      return {
        protocol: this.#random(2) === 0 ? 'tcp' : 'udp',
        containerPort: port,
        ...(!ephemeral && { hostPorts: { first: port, last: port } }),
        ...(this.#random(3) === 0 && { policy: parsePortPolicy('10.0.0.0/8,fd00::/8', undefined) }),
      };
    });
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[this.#random(Math.max(1, items.length))];
  }
}

/** Identifiers and times are of the walk too, or else the same seed would lead elsewhere. */
export function walkAlone(context: TestContext, seed: number): void {
  const random = randomNumbers(seed);
  let time = 0;
  // All bits of each: numbers of links that are chosen would meet within a few dozen otherwise.
  const values = (array: Uint8Array | Uint32Array) => array.map(() => random(2 ** (8 * array.BYTES_PER_ELEMENT)));
  context.mock.method(crypto, 'getRandomValues', values);
  context.mock.method(Date, 'now', () => ++time);
}
