import { FairleadError } from '@fairlead/base';
import type { Network } from '../model.ts';
import type { BalancedService } from './service-model.ts';

/**
 * Check that no service needs a network.
 *
 * @throws FairleadError `invalid-argument` in the words and the status of a manager of a swarm.
 */
export function requireNoService({ id, ingress }: Network, services: Iterable<BalancedService>): void {
  for (const service of services) {
    const reason = ingress
      ? service.ports.length > 0 && `ingress network cannot be removed because service ${service.id} depends on it`
      : service.networks.some(({ network }) => network === id) && `network ${id} is in use by service ${service.id}`;
    if (reason) throw new FairleadError('invalid-argument', `rpc error: code = FailedPrecondition desc = ${reason}`);
  }
}
