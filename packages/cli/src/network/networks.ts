import { FairleadError, shortIdentifier } from '@fairlead/base';
import { agreed } from '../command/agreement.ts';
import type { Action } from '../command/command.ts';
import { type Options, splitAssignment } from '../command/options.ts';
import { forEachName } from '../container/for-each-name.ts';
import { inspectEach } from '../container/views.ts';
import { filterText, type Labels, labelsText, printListing } from '../format/listing.ts';
import { momentText } from '../format/moment.ts';

/** A network as the engine lists it. */
interface NetworkSummary {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Scope: string;
  readonly Created: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly Internal: boolean;
  readonly Labels: Labels;
}

const headings = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
};

/** `fairlead network ls`. */
export const list: Action = async (invocation) => {
  const { options, engine } = invocation;
  const query = { filters: filterText(options.list('filter')) };
  const networks = await engine.ask<readonly NetworkSummary[]>('GET', '/networks', { query });
  const sorted = networks.toSorted((left, right) => left.Name.localeCompare(right.Name));
  printListing(invocation, {
    rows: sorted.map((network) => ({
      ID: options.flag('no-trunc') ? network.Id : shortIdentifier(network.Id),
      Name: network.Name,
      Driver: network.Driver,
      Scope: network.Scope,
      IPv4: String(network.EnableIPv4),
      IPv6: String(network.EnableIPv6),
      Internal: String(network.Internal),
      Labels: labelsText(network.Labels),
      CreatedAt: momentText(network.Created),
    })),
    labels: sorted.map(({ Labels }) => Labels),
    headings,
    columns: ['ID', 'Name', 'Driver', 'Scope'],
    identity: 'ID',
    raw: networks,
  });
  return 0;
};

/** `fairlead network create`. */
export const create: Action = async ({ words: [name = ''], options, engine, print }) => {
  const { Id, Warning } = await engine.ask<{ Id: string; Warning?: string }>('POST', '/networks/create', {
    body: networkRequest(name, options),
  });
  if (Warning !== undefined && Warning !== '') process.stderr.write(`WARNING: ${Warning}\n`);
  print(Id);
  return 0;
};

/** `fairlead network update`. */
export const update: Action = async ({ words: [name = ''], options, engine }) => {
  const mtu = options.text('mtu');
  const gateways = options.list('gateway');
  const changed = {
    ...(mtu !== undefined && { 'com.docker.network.driver.mtu': mtu }),
    ...options.map('opt'),
    ...Object.fromEntries(options.list('opt-rm').map((key) => [key, null])),
  };
  const subnets = options.list('add-subnet').map((subnet, at) => ({ subnet, gateway: gateways[at] ?? '' }));
  if (gateways.length > subnets.length) throw new FairleadError('invalid-argument', 'a gateway needs its --add-subnet');
  if (Object.keys(changed).length === 0 && subnets.length === 0) {
    throw new FairleadError('invalid-argument', 'say what shall be different: --mtu, --opt, --opt-rm or --add-subnet');
  }
  await engine.ask('POST', `/fairlead/networks/${name}/update`, { body: { options: changed, subnets } });
  return 0;
};

/**
 * The body of `POST /networks/create` that the options ask for.
 *
 * @throws FairleadError `invalid-argument` when a gateway or range has no subnet.
 */
function networkRequest(name: string, options: Options): Record<string, unknown> {
  const configFrom = options.text('config-from');
  const scope = options.text('scope');
  return {
    Name: name,
    Driver: options.text('driver') ?? 'bridge',
    ...((options.flag('no-ipv4') || !options.flag('ipv4', true)) && { EnableIPv4: false }),
    ...(scope !== undefined && { Scope: scope }),
    ...(options.flag('ingress') && { Ingress: true }),
    EnableIPv6: options.flag('ipv6'),
    ConfigOnly: options.flag('config-only'),
    ...(configFrom !== undefined && { ConfigFrom: { Network: configFrom } }),
    Internal: options.flag('internal'),
    Attachable: options.flag('attachable'),
    Options: options.map('opt'),
    Labels: options.map('label'),
    IPAM: {
      Driver: options.text('ipam-driver') ?? 'default',
      Options: options.map('ipam-opt'),
      Config: ipamConfig(options),
    },
  };
}

/** Ranges, gateways and kept-back addresses belong to the subnets of their family, in the order given. */
function ipamConfig(options: Options): Record<string, unknown>[] {
  const subnets = options.list('subnet');
  const gateways = options.list('gateway');
  const ranges = options.list('ip-range');
  const kept = options.list('aux-address').map(splitAssignment);
  if (subnets.length === 0 && gateways.length + ranges.length + kept.length > 0) {
    throw new FairleadError('invalid-argument', 'every ip-range or gateway must have a corresponding subnet');
  }
  return subnets.map((subnet) => {
    const sameFamily = (text: string): boolean => text.includes(':') === subnet.includes(':');
    const auxiliary = kept.filter(([, address]) => sameFamily(address));
    const [gateway, range] = [gateways.find(sameFamily), ranges.find(sameFamily)];
    return {
      Subnet: subnet,
      ...(gateway === undefined ? {} : { Gateway: gateway }),
      ...(range === undefined ? {} : { IPRange: range }),
      ...(auxiliary.length === 0 ? {} : { AuxiliaryAddresses: Object.fromEntries(auxiliary) }),
    };
  });
}

/** `fairlead network rm`. */
export const remove: Action = (invocation) =>
  forEachName(invocation, (name) => invocation.engine.ask('DELETE', `/networks/${name}`));

/** `fairlead network inspect`. */
export const inspect: Action = (invocation) =>
  inspectEach(invocation, (name) => invocation.engine.ask('GET', `/networks/${name}`));

const pruneWarning = 'This will remove all custom networks not used by at least one container.';

/** `fairlead network prune`. */
export const prune: Action = async ({ options, engine, print }) => {
  if (!options.flag('force') && !(await agreed(pruneWarning))) return 0;
  const query = { filters: filterText(options.list('filter')) };
  const { NetworksDeleted } = await engine.ask<{ NetworksDeleted: string[] | null }>('POST', '/networks/prune', {
    query,
  });
  if (NetworksDeleted === null || NetworksDeleted.length === 0) return 0;
  print('Deleted Networks:');
  NetworksDeleted.forEach(print);
  return 0;
};
