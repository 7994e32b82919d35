import { anyPort, FairleadError, maximal, type PortPolicies, type PortPolicy } from '@fairlead/base';
import { containerPortsOf, type PortBinding, singleBindings } from '@fairlead/engine';
import { changeMeant, textOf } from './port-change.ts';

/**
 * The bindings when some more may ask for those that are wanted: anybody where nobody in particular is named. A port that
 * was for anybody is for those who are named from then on.
 *
 * @param policies what the container's labels say.
 * @throws FairleadError `not-found` for a port that is not published.
 */
export function allowed(
  bindings: readonly PortBinding[],
  wanted: readonly PortBinding[],
  policies: PortPolicies,
): PortBinding[] {
  return changed(bindings, wanted, policies, (binding, named) => {
    const before = policyOf(binding, policies);
    if (named === undefined || before === undefined) return named ?? {};
    const sources = both(before.sources, named.sources);
    const interfaces = both(before.interfaces, named.interfaces);
    return {
      ...(sources && { sources: maximal(sources) }),
      ...(interfaces && { interfaces: [...new Set(interfaces)] }),
    };
  });
}

/**
 * The bindings when some may ask no longer for those that are wanted: nobody but the host may where nobody in particular is
 * named.
 *
 * @throws FairleadError `not-found` for a port that is not published or somebody who was not allowed; `conflict` where
 *   anybody may ask, for that cannot be less some.
 */
export function denied(
  bindings: readonly PortBinding[],
  wanted: readonly PortBinding[],
  policies: PortPolicies,
): PortBinding[] {
  return changed(bindings, wanted, policies, (binding, named) => {
    if (named === undefined) return { sources: [] };
    const before = policyOf(binding, policies) ?? {};
    const sources = without(binding, before.sources, named.sources);
    const interfaces = without(binding, before.interfaces, named.interfaces);
    if (interfaces?.length === 0) return { sources: [] };
    return { ...(sources && { sources }), ...(interfaces && { interfaces }) };
  });
}

function changed(
  bindings: readonly PortBinding[],
  wanted: readonly PortBinding[],
  policies: PortPolicies,
  change: (binding: PortBinding, named: PortPolicy | undefined) => PortPolicy,
): PortBinding[] {
  return wanted.reduce<PortBinding[]>(
    (present, each) =>
      changeMeant(present, each, (binding) =>
        alike(binding, policies).map((piece) => ({ ...piece, policy: change(piece, each.policy) })),
      ),
    [...bindings],
  );
}

/** A binding in pieces of which labels say one thing each. */
function alike(binding: PortBinding, policies: PortPolicies): readonly PortBinding[] {
  const { first, last } = containerPortsOf(binding);
  const isNamed = Object.keys(policies).some((key) => {
    const port = Number.parseInt(key, 10);
    return first <= port && port <= last;
  });
  return isNamed && first < last ? singleBindings(binding) : [binding];
}

function policyOf({ policy, containerPort, protocol }: PortBinding, policies: PortPolicies): PortPolicy | undefined {
  const found = policy ?? policies[`${containerPort}/${protocol}`] ?? policies[anyPort];
  return found?.sources || found?.interfaces ? found : undefined;
}

function both<Value>(before: readonly Value[] | undefined, added: readonly Value[] | undefined) {
  return before !== undefined && added !== undefined ? [...before, ...added] : (before ?? added);
}

function without<Value extends string>(
  binding: PortBinding,
  before: readonly Value[] | undefined,
  removed: readonly Value[] | undefined,
): readonly Value[] | undefined {
  if (removed === undefined) return before;
  if (before === undefined) {
    const advice = 'say first who may, which keeps all others out';
    throw new FairleadError('conflict', `anybody may ask for port ${textOf(binding)}: ${advice}`);
  }
  const unknown = removed.find((value) => !before.includes(value));
  if (unknown !== undefined) throw new FairleadError('not-found', `port ${textOf(binding)} is not for ${unknown}`);
  return before.filter((value) => !removed.includes(value));
}
