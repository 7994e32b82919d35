import { FairleadError } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';

/** The ports of a container as `inspect` shows them. */
type PortMap = Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;

/** `fairlead port`: as docker prints it, all of them or those of one container port. */
export const list: Action = async (invocation) => {
  const {
    words: [container = '', wanted],
    engine,
  } = invocation;
  const { NetworkSettings } = await engine.ask<{ NetworkSettings: { Ports: PortMap } }>(
    'GET',
    `/containers/${container}/json`,
  );
  if (wanted === undefined) printPorts(invocation, NetworkSettings.Ports);
  else printPort(invocation, NetworkSettings.Ports, wanted.includes('/') ? wanted : `${wanted}/tcp`);
  return 0;
};

/** `fairlead port add`. */
export const add: Action = (invocation) => change(invocation, 'add');

/** `fairlead port rm`. */
export const remove: Action = (invocation) => change(invocation, 'remove');

async function change({ words: [container = '', ...ports], engine }: Invocation, how: 'add' | 'remove') {
  await engine.ask('POST', `/fairlead/containers/${container}/ports`, { body: { [how]: ports } });
  return 0;
}

function printPorts({ print }: Invocation, ports: PortMap): void {
  for (const [port, bindings] of Object.entries(ports)) {
    for (const { HostIp, HostPort } of bindings ?? []) print(`${port} -> ${placeOf(HostIp, HostPort)}`);
  }
}

function printPort({ print, words: [container] }: Invocation, ports: PortMap, port: string): void {
  const bindings = ports[port];
  if (!bindings) throw new FairleadError('not-found', `no public port '${port}' published for ${container}`);
  for (const { HostIp, HostPort } of bindings) print(placeOf(HostIp, HostPort));
}

function placeOf(address: string, port: string): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
