import type { CommandDefinition, OptionDefinition } from './command.ts';
import { rehearsable } from './rehearsable.ts';

const list = true;
const json: OptionDefinition = { flags: '--json', description: 'the engine’s answer as JSON' };
const members = (): Promise<typeof import('../network/membership.ts')> => import('../network/membership.ts');
const networks = (): Promise<typeof import('../network/networks.ts')> => import('../network/networks.ts');

/** Commands about networks. */
export const networkCommands: readonly CommandDefinition[] = [
  {
    words: ['network', 'ls'],
    aliases: [['network', 'list']],
    summary: 'List networks',
    options: [
      { flags: '-q, --quiet', description: 'only ids' },
      { flags: '-f, --filter <filter>', description: 'condition: driver=…, name=…, label=…', repeatable: list },
      { flags: '--no-trunc', description: 'do not shorten' },
      { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
      json,
    ],
    load: async () => (await networks()).list,
  },
  rehearsable({
    words: ['network', 'create'],
    summary: 'Create a network',
    arguments: '<name>',
    options: [
      {
        flags: '-d, --driver <driver>',
        description: 'driver; default bridge',
        completion: ['bridge', 'macvlan', 'ipvlan'],
      },
      { flags: '--subnet <prefix>', description: 'subnet: 172.30.0.0/16', repeatable: list },
      { flags: '--gateway <address>', description: 'gateway of the subnet', repeatable: list },
      {
        flags: '--ip-range <prefix>',
        description: 'part of the subnet that addresses are taken from',
        repeatable: list,
      },
      { flags: '--aux-address <entry>', description: 'address to keep back: name=address', repeatable: list },
      { flags: '--ipv6', description: 'also IPv6' },
      { flags: '--ipv4', description: 'IPv4: the default, but for --ipv4=false' },
      { flags: '--no-ipv4', description: 'no IPv4' },
      { flags: '--scope <scope>', description: 'scope of the network', completion: ['local', 'swarm'] },
      { flags: '--ingress', description: 'the network by which published ports of a swarm are reached' },
      { flags: '--config-only', description: 'only keep the configuration for others' },
      {
        flags: '--config-from <network>',
        description: 'take the configuration that another one keeps',
        completion: 'network',
      },
      { flags: '--internal', description: 'no way in from outside and none out' },
      { flags: '--attachable', description: 'accepted for docker’s sake' },
      { flags: '-o, --opt <option>', description: 'option of the driver: key=value', repeatable: list },
      { flags: '--ipam-driver <driver>', description: 'address driver' },
      { flags: '--ipam-opt <option>', description: 'option of the address driver', repeatable: list },
      { flags: '--label <label>', description: 'label: key=value', repeatable: list },
    ],
    load: async () => (await networks()).create,
  }),
  rehearsable({
    words: ['network', 'update'],
    summary: 'Change a network while containers are on it',
    arguments: '<network>',
    options: [
      { flags: '--mtu <bytes>', description: 'largest packet' },
      { flags: '-o, --opt <option>', description: 'option of the driver: key=value', repeatable: list },
      { flags: '--opt-rm <option>', description: 'option that shall be as if it had not been given', repeatable: list },
      { flags: '--add-subnet <prefix>', description: 'subnet to have besides', repeatable: list },
      { flags: '--gateway <address>', description: 'gateway of the added subnet', repeatable: list },
    ],
    completion: 'network',
    load: async () => (await networks()).update,
  }),
  rehearsable({
    words: ['network', 'limit'],
    summary: 'Limit how fast a container may be on a network, also while it runs: 10mbit, 1.5gbit, none',
    arguments: '<network> <container>',
    options: [
      { flags: '--in <rate>', description: 'what it receives' },
      { flags: '--out <rate>', description: 'what it sends' },
    ],
    completion: 'network',
    load: async () => (await members()).limit,
  }),
  rehearsable({
    words: ['network', 'rm'],
    aliases: [['network', 'remove']],
    summary: 'Remove networks',
    arguments: '<network...>',
    options: [{ flags: '-f, --force', description: 'no error when there is none' }],
    completion: 'network',
    load: async () => (await networks()).remove,
  }),
  {
    words: ['network', 'inspect'],
    summary: 'Everything about networks',
    arguments: '<network...>',
    options: [
      { flags: '-f, --format <template>', description: 'Go template' },
      { flags: '-v, --verbose', description: 'accepted for docker’s sake' },
    ],
    completion: 'network',
    load: async () => (await networks()).inspect,
  },
  {
    words: ['network', 'prune'],
    summary: 'Remove networks that nobody is on',
    options: [
      { flags: '-f, --force', description: 'do not ask' },
      { flags: '--filter <filter>', description: 'condition: label=…, until=…', repeatable: list },
    ],
    load: async () => (await networks()).prune,
  },
  rehearsable({
    words: ['network', 'connect'],
    summary: 'Put a container on a network',
    arguments: '<network> <container>',
    options: [
      { flags: '--ip <address>', description: 'IPv4 address' },
      { flags: '--ip6 <address>', description: 'IPv6 address' },
      { flags: '--alias <name>', description: 'another name there', repeatable: list },
      { flags: '--link <container>', description: 'add a link to another container', repeatable: list },
      { flags: '--link-local-ip <address>', description: 'link-local address', repeatable: list },
      { flags: '--driver-opt <option>', description: 'option of the driver', repeatable: list },
      { flags: '--gw-priority <number>', description: 'the highest one has the default route' },
    ],
    completion: 'network',
    load: async () => (await members()).connect,
  }),
  rehearsable({
    words: ['network', 'disconnect'],
    summary: 'Take a container off a network',
    arguments: '<network> <container>',
    options: [{ flags: '-f, --force', description: 'even when it is no more' }],
    completion: 'network',
    load: async () => (await members()).disconnect,
  }),
  {
    words: ['network', 'fdb'],
    summary: 'Hardware addresses that the bridges know, with the containers behind them',
    arguments: '[network...]',
    options: [{ flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' }, json],
    completion: 'network',
    load: async () => (await import('../network/forwarding.ts')).forwarding,
  },
  {
    words: ['dns', 'ls'],
    aliases: [['dns', 'list']],
    summary: 'List the names that were written for a network',
    arguments: '<network>',
    completion: 'network',
    load: async () => (await import('../network/records.ts')).list,
  },
  {
    words: ['dns', 'add'],
    summary:
      'Write a name for those on a network: db.internal A 10.0.0.5, *.app CNAME web, _http._tcp.web SRV 0 5 80 web',
    arguments: '<network> <name> <type> <data...>',
    completion: 'network',
    load: async () => (await import('../network/records.ts')).add,
  },
  {
    words: ['dns', 'rm'],
    aliases: [['dns', 'remove']],
    summary: 'Take a name away again, all of it, one type of it, or one record',
    arguments: '<network> <name> [type] [data...]',
    completion: 'network',
    load: async () => (await import('../network/records.ts')).remove,
  },
];
