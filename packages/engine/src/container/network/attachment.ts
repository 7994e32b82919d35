import type { Endpoint, Network, NetworkController } from '@fairlead/network';
import type { Container } from '../../model.ts';
import type { NetworkAttachment } from '../configuration/container-config.ts';

/** Whether a container was told to be on a network: by its name, its id, or the beginning of that. */
export function isOn(
  networks: Pick<NetworkController, 'networks'>,
  { network: reference }: NetworkAttachment,
  { name, id }: Network,
): boolean {
  if (reference === name || reference === id) return true;
  const isMeant = (each: Network) => each.name === reference || each.id.startsWith(reference);
  return id.startsWith(reference) && networks.networks().filter(isMeant).length === 1;
}

/** The endpoint that is a container's own on a network, if it is on it now. */
export function endpointOf(
  networks: Pick<NetworkController, 'endpointsIn'>,
  { sandbox, id }: Pick<Container, 'sandbox' | 'id'>,
  network: Pick<Network, 'id'>,
): Endpoint | undefined {
  if (sandbox === undefined) return undefined;
  return networks.endpointsIn(sandbox).find((endpoint) => endpoint.network === network.id && endpoint.owner === id);
}
