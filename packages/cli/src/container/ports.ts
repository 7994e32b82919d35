import { FairleadError } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Options } from '../command/options.ts';

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
  else printPort(invocation, NetworkSettings.Ports, wanted);
  return 0;
};

/** `fairlead port add`. */
export const add: Action = (invocation) => change(invocation, 'add');

/** `fairlead port allow`. */
export const allow: Action = (invocation) => change(invocation, 'allow');

/** `fairlead port deny`. */
export const deny: Action = (invocation) => change(invocation, 'deny');

/** `fairlead port rm`. */
export const remove: Action = (invocation) => change(invocation, 'remove');

async function change({ words, options, engine }: Invocation, how: 'add' | 'remove' | 'allow' | 'deny') {
  const [container = '', ...specs] = words;
  const askers = how === 'remove' ? [] : [prefixed(options, 'from'), prefixed(options, 'via')].flat();
  const ports = specs.map((spec) => [spec, ...askers].join(','));
  await engine.ask('POST', `/fairlead/containers/${container}/ports`, { body: { [how]: ports } });
  return 0;
}

/** The options as they are written behind a port: `from=10.0.0.0/8`. */
function prefixed(options: Options, name: 'from' | 'via'): string[] {
  return options.list(name).flatMap((text) => text.split(',').map((word) => `${name}=${word}`));
}

function printPorts({ print }: Invocation, ports: PortMap): void {
  for (const [port, bindings] of Object.entries(ports)) {
    for (const { HostIp, HostPort } of bindings ?? []) print(`${port} -> ${placeOf(HostIp, HostPort)}`);
  }
}

function printPort({ print, words: [container] }: Invocation, ports: PortMap, wanted: string): void {
  const [port = '', protocol = ''] = wanted.split('/');
  if (!/^\d+$/.test(port)) {
    const reason = `strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`;
    throw new FairleadError('invalid-argument', `invalid port (${port}): ${reason}`);
  }
  const bindings = ports[`${port}/${protocol || 'tcp'}`] ?? [];
  if (bindings.length === 0) {
    throw new FairleadError('not-found', `No public port '${wanted}' published for ${container}`);
  }
  for (const { HostIp, HostPort } of bindings) print(placeOf(HostIp, HostPort));
}

function placeOf(address: string, port: string): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
