import { hostname as machineName } from 'node:os';
import { boundPorts, dnsNames, hasNames, type Network } from '@fairlead/network';
import { isNotFound } from '@fairlead/base';
import type { EngineContext } from '../context.ts';
import type { AttachmentView, ContainerView } from '../engine-port.ts';
import type { Container, Image } from '../model.ts';
import { imagePorts } from './container-factory.ts';
import { containerFiles } from './container-files.ts';
import type { ContainerTable } from './container-table.ts';
import { mountView, plannedMounts } from './mount-plan.ts';
import { attachmentsOf, exposedPorts, hostnameOf } from './network-plan.ts';

/** Put together what is known of a container from here and from the network. */
export function containerView(
  container: Container,
  image: Image | undefined,
  context: EngineContext,
  table: ContainerTable,
  execs: readonly string[],
): ContainerView {
  const sandbox = container.sandbox === undefined ? undefined : context.network.sandbox(container.sandbox);
  const donor = donorOf(container, table);
  return {
    container: withHostname(container),
    image,
    sandbox,
    sandboxKey: sandbox === undefined || sandbox.namespace === '' ? '' : context.namespacePath(sandbox.namespace),
    bound: sandbox === undefined || donor !== undefined ? [] : boundPorts(sandbox.mappings),
    exposed: exposedPorts(container, imagePorts(image)),
    networks: attachments(container, context),
    mounts: plannedMounts(container.config).map(mountView),
    files: containerFiles(context.settings, donor?.id ?? container.id),
    execs,
  };
}

function withHostname(container: Container): Container {
  const hostname = hostnameOf(container, machineName);
  return { ...container, config: { ...container.config, hostname } };
}

function donorOf({ config }: Container, table: ContainerTable): Container | undefined {
  const { networkMode } = config.host;
  return networkMode.startsWith('container:') ? table.get(networkMode.slice('container:'.length)) : undefined;
}

function attachments(container: Container, { network }: EngineContext): AttachmentView[] {
  const endpoints = container.sandbox === undefined ? [] : network.endpointsIn(container.sandbox);
  return attachmentsOf(container).map(({ network: reference, config }) => {
    const found = tryFind(reference, network);
    const endpoint = endpoints.find((candidate) => candidate.network === found?.id && candidate.owner === container.id);
    const named = endpoint !== undefined && found !== undefined && hasNames(found);
    return { name: found?.name ?? reference, network: found, config, endpoint, dnsNames: named ? dnsNames(endpoint) : null };
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
