import { readFileSync } from 'node:fs';
import { parsePortProtocol } from '@fairlead/base';
import type { ServicePort } from '@fairlead/network';

/** Names of services by port, `80/tcp`. */
export type ServiceNames = Readonly<Record<string, readonly string[]>>;

let ofHost: ServiceNames | undefined;

/** The names that the host has for ports, as they were when they were first asked for; none without the file. */
export function hostServiceNames(): ServiceNames {
  ofHost ??= parseServices(textOf('/etc/services'));
  return ofHost;
}

/** Read services(5): `http 80/tcp www # World Wide Web`. */
export function parseServices(text: string): ServiceNames {
  const names: Record<string, readonly string[]> = {};
  for (const line of text.split('\n')) {
    const [name, port = '', ...aliases] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    if (name === undefined || !/^\d+\/(tcp|udp|sctp)$/.test(port)) continue;
    names[port] = [...(names[port] ?? []), name, ...aliases];
  }
  return names;
}

/**
 * What a container serves, by name: the ports that it exposes by the names that the host has for them, unless the
 * container has names of its own for a port.
 *
 * @param exposed `80/tcp`.
 * @param own by port; an empty list means that the port has no name.
 */
export function servicePorts(exposed: readonly string[], own: ServiceNames, common: ServiceNames): ServicePort[] {
  const ports = new Set([...exposed, ...Object.keys(own)]);
  return [...ports].flatMap((text) => {
    const [port, protocol = ''] = text.split('/');
    const names = own[text] ?? common[text] ?? [];
    return names.map((service) => ({ service, protocol: parsePortProtocol(protocol), port: Number(port) }));
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
