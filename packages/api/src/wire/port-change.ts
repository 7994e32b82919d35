import {
  commonRange,
  FairleadError,
  formatPortSpec,
  type PortRange,
  parsePortSpec,
  sizeOfRange,
  splitPolicy,
  withoutRange,
} from '@fairlead/base';
import { bindingWithin, containerPortsOf, type PortBinding } from '@fairlead/engine';

/**
 * The binding that a text in the notation of `-p` asks for, with who may ask for it if that is said
 * (`8080:80,from=10.0.0.0/8,via=eth0`).
 *
 * @throws FairleadError `invalid-argument` in the words of the docker command.
 */
export function parseBinding(text: string): PortBinding {
  const { spec, policy } = splitPolicy(text);
  const { protocol, containerPorts, hostAddress, hostPorts } = parsePortSpec(spec);
  const count = sizeOfRange(containerPorts);
  return {
    protocol,
    containerPort: containerPorts.first,
    ...(count > 1 && { count }),
    ...(hostAddress && { hostAddress }),
    ...(hostPorts && { hostPorts }),
    ...(policy && { policy }),
  };
}

/**
 * The bindings that are left when others are taken away: those of the same container port and protocol, and of the
 * same host address and ports where these are given.
 *
 * @throws FairleadError `not-found` for one that is not there.
 */
export function withoutBindings(bindings: readonly PortBinding[], removed: readonly PortBinding[]): PortBinding[] {
  return removed.reduce<PortBinding[]>((present, wanted) => changeMeant(present, wanted, () => []), [...bindings]);
}

/**
 * The bindings after those were changed that a binding means: of host address and ports only what it gives counts. One
 * that is meant in part is cut.
 *
 * @throws FairleadError `not-found` for a port that no binding is meant for.
 */
export function changeMeant(
  bindings: readonly PortBinding[],
  wanted: PortBinding,
  change: (binding: PortBinding) => readonly PortBinding[],
): PortBinding[] {
  const ports = containerPortsOf(wanted);
  let missing: readonly PortRange[] = [ports];
  const changed = bindings.flatMap((binding) =>
    isAbout(wanted, binding)
      ? cutOut(binding, ports).flatMap((piece) => {
          if (!isMeant(wanted, piece)) return [piece];
          missing = missing.flatMap((range) => withoutRange(range, containerPortsOf(piece)));
          return change(piece);
        })
      : [binding],
  );
  const [first] = missing.flatMap((range) => bindingWithin(wanted, { first: range.first, last: range.first }));
  if (first !== undefined) throw new FairleadError('not-found', `port ${textOf(first)} is not published`);
  return changed;
}

/** A binding in up to three pieces, of which one is about none but some ports of the container. */
function cutOut(binding: PortBinding, ports: PortRange): PortBinding[] {
  const own = containerPortsOf(binding);
  const pieces = [...withoutRange(own, ports), ...commonRange(own, ports)].sort((a, b) => a.first - b.first);
  return pieces.flatMap((piece) => bindingWithin(binding, piece));
}

function isAbout(wanted: PortBinding, { protocol, hostAddress, ...binding }: PortBinding): boolean {
  if (wanted.protocol !== protocol || (wanted.hostAddress !== undefined && wanted.hostAddress !== hostAddress))
    return false;
  return commonRange(containerPortsOf(wanted), containerPortsOf(binding)).length > 0;
}

/** True when all ports of a binding, which are within those wanted or not at all, are published as they are wanted. */
function isMeant(wanted: PortBinding, binding: PortBinding): boolean {
  const [meant] = bindingWithin(wanted, containerPortsOf(binding));
  if (meant === undefined) return false;
  const { hostPorts } = meant;
  return (
    hostPorts === undefined ||
    (hostPorts.first === binding.hostPorts?.first && hostPorts.last === binding.hostPorts.last)
  );
}

/** A binding in the notation of `-p`. */
export function textOf(binding: PortBinding): string {
  return formatPortSpec({ ...binding, containerPorts: containerPortsOf(binding) });
}
