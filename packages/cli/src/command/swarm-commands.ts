import type { CommandDefinition, OptionDefinition } from './command.ts';

const membership = (): Promise<typeof import('../swarm/membership.ts')> => import('../swarm/membership.ts');
const tokens = (): Promise<typeof import('../swarm/tokens.ts')> => import('../swarm/tokens.ts');
const cluster = (): Promise<typeof import('../swarm/cluster.ts')> => import('../swarm/cluster.ts');

const certificateOptions: readonly OptionDefinition[] = [
  { flags: '--cert-expiry <span>', description: 'how long certificates of nodes are good for; default 2160h' },
  {
    flags: '--external-ca <authority>',
    description: 'who signs certificates: protocol=cfssl,url=…',
    repeatable: true,
  },
];
const specOptions: readonly OptionDefinition[] = [
  ...certificateOptions,
  { flags: '--dispatcher-heartbeat <span>', description: 'time between signs of life of nodes; default 5s' },
  { flags: '--max-snapshots <number>', description: 'older snapshots of the state to keep' },
  { flags: '--snapshot-interval <number>', description: 'entries of the log between snapshots; default 10000' },
  { flags: '--task-history-limit <number>', description: 'ended tasks to keep of each; default 5' },
];
const rotationOptions: readonly OptionDefinition[] = [
  { flags: '-q, --quiet', description: 'nothing but it' },
  { flags: '--rotate', description: 'make a new one; the old one is void' },
];
const memberOptions: readonly OptionDefinition[] = [
  { flags: '--advertise-addr <address>', description: 'address that others are told: <address|interface>[:port]' },
  {
    flags: '--availability <availability>',
    description: 'what the node takes on',
    completion: ['active', 'pause', 'drain'],
  },
  { flags: '--data-path-addr <address>', description: 'address of the traffic between containers' },
  {
    flags: '--listen-addr <address>',
    description: 'where to listen: <address|interface>[:port]; default 0.0.0.0:2377',
  },
];

/** Commands about the swarm as a whole. */
export const swarmCommands: readonly CommandDefinition[] = [
  {
    words: ['swarm', 'init'],
    summary: 'Make a swarm of this machine',
    options: [
      ...memberOptions,
      { flags: '--autolock', description: 'ask for a key after a restart' },
      { flags: '--data-path-port <port>', description: 'port of the traffic between containers; default 4789' },
      {
        flags: '--default-addr-pool <prefix>',
        description: 'where subnets of overlay networks are taken from',
        repeatable: true,
      },
      { flags: '--default-addr-pool-mask-length <bits>', description: 'size of these subnets; default 24' },
      { flags: '--force-new-cluster', description: 'make a new one of what is there' },
      ...specOptions,
    ],
    load: async () => (await membership()).init,
  },
  {
    words: ['swarm', 'leave'],
    summary: 'Leave the swarm',
    options: [{ flags: '-f, --force', description: 'even when it is the last manager' }],
    load: async () => (await membership()).leave,
  },
  {
    words: ['swarm', 'join'],
    summary: 'Join a swarm of another machine',
    arguments: '<host:port>',
    options: [...memberOptions, { flags: '--token <token>', description: 'what it takes to be let in' }],
    load: async () => (await membership()).join,
  },
  {
    words: ['swarm', 'join-token'],
    summary: 'Show what others need in order to join',
    arguments: '<role>',
    options: rotationOptions,
    completion: ['worker', 'manager'],
    load: async () => (await tokens()).joinToken,
  },
  {
    words: ['swarm', 'unlock'],
    summary: 'Open a locked swarm; its key is read from standard input',
    load: async () => (await tokens()).unlock,
  },
  {
    words: ['swarm', 'unlock-key'],
    summary: 'Show the key that opens it after a restart',
    options: rotationOptions,
    load: async () => (await tokens()).showUnlockKey,
  },
  {
    words: ['swarm', 'update'],
    summary: 'Change the swarm',
    options: [
      { flags: '--autolock', description: 'ask for a key after a restart; or --autolock=false' },
      ...specOptions,
    ],
    load: async () => (await cluster()).update,
  },
  {
    words: ['swarm', 'ca'],
    summary: 'Show the root certificate, or take another',
    options: [
      { flags: '--ca-cert <path>', description: 'root certificate to take, in PEM', completion: 'file' },
      { flags: '--ca-key <path>', description: 'its key, in PEM', completion: 'file' },
      ...certificateOptions,
      { flags: '-d, --detach', description: 'do not wait until it is everywhere' },
      { flags: '-q, --quiet', description: 'print nothing' },
      { flags: '--rotate', description: 'take another; a new one when none is given' },
    ],
    load: async () => (await cluster()).authority,
  },
];
