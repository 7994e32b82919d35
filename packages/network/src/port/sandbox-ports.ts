import { electGateways, portGateways } from '../route/gateway.ts';
import type { NetworkState } from '../state.ts';
import { boundPorts, routedPorts } from './bound-ports.ts';
import type { AdmittedMapping } from './port-admission.ts';
import type { BoundPort } from './port-model.ts';
import { openedPorts, translatedPorts } from './published-fragment.ts';

/** The ports of a sandbox that others can use now, those that are routed to it with no host port. */
export function usablePorts(state: NetworkState, id: string): readonly BoundPort[] {
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined) return [];
  return [...boundPorts(sandbox.mappings), ...routedPorts(sandbox.ports, state.joined(id))];
}

/** The ports of a sandbox with who may ask for them; those that are routed to it under its own address. */
export function admittedPorts(state: NetworkState, id: string): readonly AdmittedMapping[] {
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined) return [];
  const joined = state.joined(id);
  return [...translatedPorts(sandbox, portGateways(electGateways(joined))), ...openedPorts(sandbox, joined)];
}
