import type { PortBinding } from '@fairlead/network';
import type { ContainerConfig, ResourceLimits } from './container-config.ts';

/** What follows a change of what a container is to be. */
export type Consequence =
  /** Its names on all its networks. */
  | { readonly kind: 'name' }
  /** The ports that its sandbox publishes, those that `-P` has added among them, which stay. */
  | { readonly kind: 'ports'; readonly added: readonly PortBinding[] }
  /** How fast it is on the network with this ID. */
  | { readonly kind: 'rates'; readonly network: string }
  /** It is on the network with this ID no longer, and its files say so. */
  | { readonly kind: 'network left'; readonly network: string }
  /** The limits of its control group. */
  | { readonly kind: 'limits'; readonly limits: ResourceLimits };

/** A change that was noted and may not have been carried out: with what it follows from, to go on or to take it back. */
export type NotedChange = Consequence & {
  readonly before: { readonly name: string; readonly config: ContainerConfig };
};
