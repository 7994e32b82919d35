import { familyOf, type IpAddress, prefixContains } from '@fairlead/base';
import type { OpenNamespace } from '@fairlead/kernel';
import { decodeRoute, dumpRoutesMessage } from '@fairlead/netlink';
import { dumpRulesMessage, outlineRule } from '@fairlead/netlink/tracing';
import type { RoutingPolicy } from '../model/facts.ts';

/** RT_TABLE_MAIN. */
const MAIN = 254;

/** Ask why there is no way to an address. Who has no way to an address has few routes: all of them are read. */
export function askRoutingPolicy(namespace: OpenNamespace, destination: IpAddress): RoutingPolicy {
  const family = familyOf(destination);
  const rules = namespace.route.execute('list rules', dumpRulesMessage(family)).map(outlineRule);
  const names = { linkName: (index: number) => `${index}` };
  const routes = namespace.route
    .execute('list routes', dumpRoutesMessage(family))
    .flatMap((message) => decodeRoute(message, namespace.name, names) ?? []);
  return {
    mainHasWay: routes.some(
      ({ destination: prefix, table = MAIN, type = 'unicast' }) =>
        table === MAIN && type === 'unicast' && prefixContains(prefix, destination),
    ),
    asksMain: rules.some(({ action, table }) => action === 'table' && table === MAIN),
    refusing: rules.filter(({ action }) => action !== 'table' && action !== 'other'),
  };
}
