import type { CommandDefinition, OptionDefinition } from './command.ts';
import { runOptions } from './run-options.ts';

const json: OptionDefinition = { flags: '--json', description: 'the answer as JSON' };
const format: OptionDefinition = { flags: '-f, --format <template>', description: 'Go template' };
const root: OptionDefinition = {
  flags: '--root <folder>',
  description: 'install below this folder, without systemd',
  completion: 'file',
};
const service = (): Promise<typeof import('../machine/service.ts')> => import('../machine/service.ts');
const system = (): Promise<typeof import('../machine/system.ts')> => import('../machine/system.ts');

/** Commands about the engine and the machine it runs on. */
export const machineCommands: readonly CommandDefinition[] = [
  {
    words: ['demo'],
    summary: 'Show what Fairlead does, in a throw-away host',
    options: [{ flags: '--keep', description: 'leave it running, say how to use it' }],
    load: async () => (await import('../machine/demo.ts')).demo,
  },
  {
    words: ['up'],
    summary: 'Install and start the engine for this machine',
    options: [root, { flags: '--with-init', description: 'also install tini, for containers run with --init' }],
    load: async () => (await service()).up,
  },
  {
    words: ['down'],
    summary: 'Stop the engine and undo what up did',
    options: [root],
    load: async () => (await service()).down,
  },
  {
    words: ['status'],
    summary: 'Say whether the engine runs, and what it looks after',
    options: [root, json],
    load: async () => (await service()).status,
  },
  {
    words: ['explain'],
    summary: 'What an operation did to the kernel, as commands',
    arguments: '[operation]',
    options: [
      { flags: '-l, --list', description: 'list the operations instead' },
      { flags: '-v, --verbose', description: 'also what for, what it cost, and how it is undone' },
      { flags: '--undo', description: 'the commands that undo it instead' },
      json,
    ],
    load: async () => (await import('../insight/explain.ts')).explain,
  },
  {
    words: ['explain', 'run'],
    summary: 'What run would do to the kernel, as commands that it has checked; nothing is changed',
    arguments: '<image> [command...]',
    options: runOptions,
    completion: 'image',
    passThrough: true,
    load: async () => (await import('../insight/dry-run.ts')).explainRun,
  },
  {
    words: ['trace'],
    summary: 'Follow a packet, and say why it does not arrive',
    arguments: '<from> <to>',
    options: [
      { flags: '--udp', description: 'a datagram; without a port it is ICMP, with one TCP' },
      { flags: '--icmp', description: 'an echo request' },
      { flags: '--connect', description: 'a real connection instead of its first packet only' },
      { flags: '-4, --ipv4', description: 'IPv4' },
      { flags: '-6, --ipv6', description: 'IPv6' },
      { flags: '--size <bytes>', description: 'length of the packet, for ICMP and UDP' },
      { flags: '--timeout <milliseconds>', description: 'how long to wait for an answer' },
      { flags: '--apply <number>', description: 'ask, then try this fix and trace again' },
      { flags: '-y, --yes', description: 'with --apply: do not ask' },
      { flags: '-v, --verbose', description: 'every rule and every way back' },
      { flags: '--live', description: 'a line of JSON for each hop as it is seen, the report last' },
      { flags: '--pcapng <file>', description: 'write the packets, with what happened to each', completion: 'file' },
      json,
    ],
    completion: 'running-container',
    load: async () => (await import('../insight/trace.ts')).trace,
  },
  {
    words: ['drops'],
    summary: 'Packets that are dropped, as it happens',
    options: [json],
    load: async () => (await import('../insight/drops.ts')).drops,
  },
  {
    words: ['flows'],
    summary: 'Who talks to whom, and how it went',
    options: [
      {
        flags: '--container <container>',
        description: 'that has one end, also one that is gone',
        completion: 'container',
      },
      { flags: '--network <network>', description: 'that an end is on', completion: 'network' },
      { flags: '--port <number>', description: 'that was asked for' },
      { flags: '--since <time>', description: 'not those that ended before; with --follow also what was before' },
      { flags: '-f, --follow', description: 'as it happens, until interrupted' },
      { flags: '-a, --all', description: 'also what concerns no network of the engine' },
      json,
    ],
    load: async () => (await import('../insight/flows.ts')).flows,
  },
  {
    words: ['capture'],
    summary: 'Packets of a container, a network or the host, for Wireshark or to read',
    arguments: '[target] [filter...]',
    options: [
      { flags: '-w, --write <file>', description: 'write a pcapng file; - is standard output', completion: 'file' },
      { flags: '-t, --text', description: 'a line for each packet, also into a pipe' },
      { flags: '-c, --count <number>', description: 'end after so many packets' },
      { flags: '--duration <time>', description: 'end after that time: 10s, 5m' },
      { flags: '-s, --snaplen <bytes>', description: 'keep so much of each packet' },
      { flags: '-i, --interface <name>', description: 'only that one' },
      { flags: '--host-side', description: 'at the host’s end of the container’s cables' },
      { flags: '--install-extcap', description: 'make Wireshark list containers and networks' },
    ],
    completion: 'running-container',
    load: async () => (await import('../insight/capture.ts')).capture,
  },
  {
    words: ['extcap'],
    summary: 'For Wireshark to run',
    options: [
      { flags: '--extcap-interfaces', description: 'list what can be captured from' },
      { flags: '--extcap-version <version>', description: 'of Wireshark' },
      { flags: '--extcap-interface <name>', description: 'what it is about' },
      { flags: '--extcap-dlts', description: 'list link types' },
      { flags: '--extcap-config', description: 'list settings' },
      { flags: '--extcap-capture-filter <filter>', description: 'packets that are wanted' },
      { flags: '--capture', description: 'capture' },
      { flags: '--fifo <path>', description: 'where to' },
      { flags: '--snaplen <bytes>', description: 'keep so much of each packet' },
      { flags: '--host-side', description: 'at the host’s end of the container’s cables' },
    ],
    load: async () => (await import('../insight/extcap.ts')).extcap,
  },
  {
    words: ['log'],
    summary: 'What was done to the network, by the engine and by others',
    options: [
      { flags: '-f, --follow', description: 'as it is done, until interrupted' },
      { flags: '--since <time>', description: 'from then on' },
      { flags: '--kind <kind>', description: 'only those', completion: ['operation', 'foreign', 'daemon'] },
      json,
    ],
    load: async () => (await import('../insight/log.ts')).log,
  },
  {
    words: ['doctor'],
    aliases: [['system', 'doctor']],
    summary: 'Find what is wrong with the network, and prove it',
    options: [json],
    load: async () => (await import('../insight/doctor.ts')).doctor,
  },
  {
    words: ['map'],
    summary: 'Show the network in a browser: who is on it, what flows, what is wrong',
    options: [
      { flags: '--no-open', description: 'only print the address' },
      { flags: '--json', description: 'what the map shows, as JSON, without a browser' },
    ],
    load: async () => (await import('../insight/map.ts')).map,
  },
  {
    words: ['events'],
    aliases: [['system', 'events']],
    summary: 'What happens, as it happens',
    options: [
      { flags: '-f, --filter <filter>', description: 'condition: type=…, event=…', repeatable: true },
      { flags: '--since <time>', description: 'from then on' },
      { flags: '--until <time>', description: 'until then' },
      { flags: '--format <template>', description: 'Go template, or json' },
    ],
    load: async () => (await system()).events,
  },
  {
    words: ['info'],
    aliases: [['system', 'info']],
    summary: 'Facts about the engine',
    options: [format, json],
    load: async () => (await system()).info,
  },
  {
    words: ['system', 'df'],
    summary: 'What images, containers and volumes take of the disk',
    options: [
      { flags: '-v, --verbose', description: 'each of them' },
      { flags: '--format <template>', description: 'Go template, or json' },
      json,
    ],
    load: async () => (await import('../machine/disk-usage.ts')).diskUsage,
  },
  {
    words: ['system', 'prune'],
    summary: 'Remove containers that do not run, networks that nobody uses, and images without a name',
    options: [
      { flags: '-a, --all', description: 'also images with a name that no container has' },
      { flags: '--volumes', description: 'also anonymous volumes' },
      { flags: '-f, --force', description: 'do not ask' },
      { flags: '--filter <filter>', description: 'condition: label=…, until=…', repeatable: true },
    ],
    load: async () => (await import('../machine/prune.ts')).pruneSystem,
  },
  {
    words: ['system', 'stop-containers'],
    summary: 'Stop all containers as the machine does when it ends; policies bring them back',
    load: async () => (await import('../machine/stop-containers.ts')).stopContainers,
  },
  {
    words: ['version'],
    summary: 'Versions of the command and the engine',
    options: [format, json],
    load: async () => (await system()).version,
  },
  {
    words: ['completion'],
    summary: 'Completion for a shell',
    arguments: '<shell>',
    completion: ['bash', 'zsh', 'fish'],
    load: async () => (await import('../machine/completion.ts')).completion,
  },
  {
    words: ['__complete'],
    summary: '',
    arguments: '[words...]',
    passThrough: true,
    load: async () => (await import('../machine/complete.ts')).complete,
  },
];
