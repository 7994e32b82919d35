import type { IpAddress } from '@fairlead/base';
import { type ContainerPlace, type Directory, ownerOf } from './directory.ts';
import type { Observation } from './outcome.ts';

/** True for a packet that was for a service, and has been given to one of its containers. */
export function isBalanced({ passes }: Pick<Observation, 'passes'>): boolean {
  return passes
    .flatMap(({ steps }) => steps)
    .some(({ owner, kind, text }) => owner === 'fairlead' && kind === 'rule' && /^dnat .* meta random /.test(text));
}

/** The container that it was given to, and the address and port that it has there; `undefined` for other packets. */
export function backendOf(
  observation: Observation,
  directory: Directory,
): { readonly container: ContainerPlace; readonly address: IpAddress; readonly port?: number } | undefined {
  if (!isBalanced(observation)) return undefined;
  const header = observation.sightings.findLast(({ role }) => role === 'request')?.header;
  const owner = header && ownerOf(directory, header.destination);
  if (header === undefined || owner === undefined) return undefined;
  const { destination: address, destinationPort: port } = header;
  return { container: owner.container, address, ...(port !== undefined && { port }) };
}
