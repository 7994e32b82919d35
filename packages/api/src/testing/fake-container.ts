import type { Container, ContainerView, Image } from '@fairlead/engine';
import { bindPorts, type FakeNetworks } from './fake-networks.ts';
import type { FakeProcess } from './fake-process.ts';

/** A container in memory. */
export interface FakeContainer {
  container: Container;
  readonly image: Image;
  process: FakeProcess | undefined;
  readonly started: PromiseWithResolvers<FakeProcess>;
  /** Renewed at each exit. */
  exit: PromiseWithResolvers<void>;
  readonly removed: PromiseWithResolvers<void>;
}

/** What the engine would show of it. */
export function presentFake(fake: FakeContainer, networks: FakeNetworks, execs: readonly string[]): ContainerView {
  const { container, image } = fake;
  const { id, config } = container;
  const isRunning = container.state.status === 'running';
  const folder = `/var/lib/fairlead/containers/${id}`;
  return {
    container,
    image,
    sandbox: undefined,
    sandboxKey: isRunning ? `/run/netns/fl-${id.slice(0, 12)}` : '',
    bound: isRunning ? bindPorts(config.host.portBindings) : [],
    exposed: [...new Set(['80/tcp', ...config.exposedPorts])],
    networks: config.networks.map(({ network: reference, config: endpoint }) => {
      const network = networks.list().find(({ name, id: full }) => name === reference || full === reference);
      return {
        name: network?.name ?? reference,
        network,
        config: endpoint,
        endpoint: network === undefined ? undefined : networks.endpoint(network.id, id),
        dnsNames: network?.name === 'bridge' ? null : [container.name, id.slice(0, 12)],
      };
    }),
    mounts: [],
    files: {
      hosts: `${folder}/hosts`,
      hostname: `${folder}/hostname`,
      resolvConf: `${folder}/resolv.conf`,
      log: `${folder}/${id}-json.log`,
    },
    execs,
    linkNames: [],
  };
}
