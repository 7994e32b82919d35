import type { CommandDefinition } from './command.ts';

const ports = (): Promise<typeof import('../container/ports.ts')> => import('../container/ports.ts');
const specification = '<port...>';

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
  {
    words: ['port', 'add'],
    summary: 'Publish more ports of a container, also while it runs: 8080:80, 127.0.0.1:53:53/udp',
    arguments: `<container> ${specification}`,
    completion: 'container',
    load: async () => (await ports()).add,
  },
  {
    words: ['port', 'rm'],
    aliases: [['port', 'remove']],
    summary: 'Publish ports of a container no longer, also while it runs',
    arguments: `<container> ${specification}`,
    completion: 'container',
    load: async () => (await ports()).remove,
  },
];
