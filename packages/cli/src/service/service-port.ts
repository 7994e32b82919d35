import { parsePortSpec, portsIn } from '@fairlead/base';
import { splitAssignment } from '../command/options.ts';
import type { ServicePort } from './wire.ts';

/**
 * Read a `--publish` of a service: `8080:80`, `8000-8002:80-82/udp`, `published=8080,target=80,mode=host`
 * (docker/cli, opts/swarmopts/port.go).
 *
 * @throws Error in docker's words.
 */
export function servicePorts(text: string): ServicePort[] {
  return /\w+=\w+/.test(text) ? [longForm(text)] : shortForm(text);
}

function shortForm(text: string): ServicePort[] {
  const { protocol, containerPorts, hostAddress, hostPorts } = parsePortSpec(text);
  if (hostAddress !== undefined) throw new Error('hostip is not supported');
  const targets = portsIn(containerPorts);
  const port = (target: number, published: number): ServicePort => ({
    Protocol: protocol,
    TargetPort: target,
    PublishedPort: published,
    PublishMode: 'ingress',
  });
  const [first = 0] = targets;
  if (hostPorts === undefined) return targets.map((target) => port(target, 0));
  // Several ports of the host may lead to one of the tasks.
  return portsIn(hostPorts).map((published, at) => port(targets[at] ?? first, published));
}

function longForm(text: string): ServicePort {
  let port: ServicePort = { Protocol: 'tcp', PublishMode: 'ingress' };
  for (const field of text.split(',')) {
    const [key, value] = splitAssignment(field.toLowerCase());
    if (key === '' || !field.includes('=')) throw new Error(`invalid field: ${field}`);
    port = { ...port, ...portField(key, value) };
  }
  if ((port.TargetPort ?? 0) === 0) throw new Error("missing mandatory field 'target'");
  return port;
}

function portField(key: string, value: string): ServicePort {
  switch (key) {
    case 'protocol':
      if (!/^(tcp|udp|sctp)$/.test(value)) throw new Error(`invalid protocol value '${value}'`);
      return { Protocol: value };
    case 'mode':
      if (/^(ingress|host)$/.test(value)) return { PublishMode: value };
      throw new Error(`invalid publish mode value (${value}): must be either 'ingress' or 'host'`);
    case 'target':
      return { TargetPort: portNumber(value, 'target') };
    case 'published':
      return { PublishedPort: portNumber(value, 'published') };
    default:
      throw new Error(`invalid field key: ${key}`);
  }
}

function portNumber(text: string, which: string): number {
  const isNumber = /^\d+$/.test(text);
  if (isNumber && Number(text) <= 65_535) return Number(text);
  const why = isNumber ? 'value out of range' : 'invalid syntax';
  throw new Error(`invalid ${which} port (${text}): value must be an integer: ${why}`);
}
