import { isNotFound } from '@fairlead/base';
import { dnsNames, hasNames, type Network, type Sandbox } from '@fairlead/network';
import type { EngineContext } from '../context.ts';
import type { Container, Image } from '../model.ts';
import { imagePorts } from './configuration/container-factory.ts';
import type { AttachmentView, ContainerView } from './container-port.ts';
import { isAlive } from './container-state.ts';
import type { ContainerTable } from './container-table.ts';
import { containerFiles } from './file/container-files.ts';
import { containerMounts, hasOwnTmpfs, mountView } from './mount/mount-plan.ts';
import { LegacyLinks } from './network/legacy-links.ts';
import { donorIdOf, exposedPorts, hostnameOf } from './network/network-plan.ts';

/** What a view is made from, beside the network. */
export interface ViewSource {
  readonly container: Container;
  readonly image: Image | undefined;
  readonly execs: readonly string[];
  /** Where the content of a volume is. */
  readonly mountpoint: (volume: string) => string;
}

/** Put together what is known of a container from here and from the network. */
export function containerView(
  { container, image, execs, mountpoint }: ViewSource,
  context: EngineContext,
  table: ContainerTable,
): ContainerView {
  const isShared = donorIdOf(container) !== undefined;
  // One that has ended may have left its sandbox to others.
  const used = isAlive(container) ? container.sandbox : undefined;
  const sandbox = used === undefined ? undefined : context.network.sandbox(used);
  const filesOwner = isShared ? (sandbox?.owner ?? donorIdOf(container) ?? container.id) : container.id;
  const links = new LegacyLinks(table, context.network);
  return {
    container: withLinks(withHostname(container, table), links),
    image,
    sandbox,
    sandboxKey: sandbox === undefined || sandbox.namespace === '' ? '' : context.namespacePath(sandbox.namespace),
    // Made when they are asked for: a range is thousands of them.
    get bound() {
      return sandbox === undefined || isShared ? [] : context.network.boundPorts(sandbox.id);
    },
    get exposed() {
      return exposedPorts(container, imagePorts(image));
    },
    networks: attachments(container, sandbox, context),
    // What `--tmpfs` asks for stands in the configuration alone.
    mounts: containerMounts(container)
      .filter(
        ({ type, target }) =>
          type !== 'tmpfs' ||
          container.config.host.tmpfs[target] === undefined ||
          hasOwnTmpfs(container.config, target),
      )
      .map((mount) => mountView(mount, mountpoint)),
    files: {
      ...containerFiles(context.settings, filesOwner),
      log:
        container.config.host.logConfig.type === 'json-file' ? containerFiles(context.settings, container.id).log : '',
    },
    execs,
    linkNames: links.namesOf(container),
  };
}

function withHostname(container: Container, table: ContainerTable): Container {
  const hostname = hostnameOf(container, table);
  return { ...container, config: { ...container.config, hostname } };
}

function withLinks(container: Container, links: LegacyLinks): Container {
  const { config } = container;
  if (config.host.links.length === 0) return container;
  return { ...container, config: { ...config, host: { ...config.host, links: links.shown(container) } } };
}

function attachments(container: Container, sandbox: Sandbox | undefined, { network }: EngineContext): AttachmentView[] {
  const endpoints = sandbox === undefined ? [] : network.endpointsIn(sandbox.id);
  return container.config.networks.map(({ network: reference, config }) => {
    const found = tryFind(reference, network);
    const endpoint = endpoints.find((candidate) => candidate.network === found?.id && candidate.owner === container.id);
    const named = endpoint !== undefined && found !== undefined && hasNames(found);
    return {
      name: found?.name ?? reference,
      network: found,
      config,
      endpoint,
      dnsNames: named ? dnsNames(endpoint) : null,
    };
  });
}

function tryFind(reference: string, network: EngineContext['network']): Network | undefined {
  try {
    return network.findNetwork(reference);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
