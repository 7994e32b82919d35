import type { CommandDefinition, OptionDefinition } from './command.ts';
import { rehearsable } from './rehearsable.ts';

const ports = (): Promise<typeof import('../container/ports.ts')> => import('../container/ports.ts');
const specification = '<port...>';

const askers: readonly OptionDefinition[] = [
  { flags: '--from <source>', description: 'only from an address or a subnet', repeatable: true },
  { flags: '--via <interface>', description: 'only by an interface of this host', repeatable: true },
];

/** Commands about the published ports of containers. */
export const portCommands: readonly CommandDefinition[] = [
  {
    words: ['port'],
    aliases: [['container', 'port']],
    summary: 'List the published ports of a container, or where one of them is',
    arguments: '<container> [port]',
    completion: 'running-container',
    load: async () => (await ports()).list,
  },
  rehearsable({
    words: ['port', 'add'],
    summary: 'Publish more ports of a container, also while it runs: 8080:80, 127.0.0.1:53:53/udp',
    arguments: `<container> ${specification}`,
    options: askers,
    completion: 'container',
    load: async () => (await ports()).add,
  }),
  rehearsable({
    words: ['port', 'allow'],
    summary: 'Say who may ask for published ports, besides those who may; without options anybody may',
    arguments: `<container> ${specification}`,
    options: askers,
    completion: 'container',
    load: async () => (await ports()).allow,
  }),
  rehearsable({
    words: ['port', 'deny'],
    summary: 'Say who may no longer ask for published ports; without options nobody but this host may',
    arguments: `<container> ${specification}`,
    options: askers,
    completion: 'container',
    load: async () => (await ports()).deny,
  }),
  {
    words: ['port', 'who'],
    summary: 'Who can reach the published ports of a container: NAME or NAME:PORT',
    arguments: '<container>',
    options: [{ flags: '--json', description: 'print the whole report' }],
    completion: 'running-container',
    load: async () => (await import('../container/reach.ts')).who,
  },
  rehearsable({
    words: ['port', 'rm'],
    aliases: [['port', 'remove']],
    summary: 'Publish ports of a container no longer, also while it runs',
    arguments: `<container> ${specification}`,
    completion: 'container',
    load: async () => (await ports()).remove,
  }),
];
