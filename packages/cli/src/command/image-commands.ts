import type { CommandDefinition, OptionDefinition } from './command.ts';

const listOptions: readonly OptionDefinition[] = [
  { flags: '-a, --all', description: 'accepted for docker’s sake' },
  { flags: '-q, --quiet', description: 'only ids' },
  { flags: '-f, --filter <filter>', description: 'condition: reference=…, label=…', repeatable: true },
  { flags: '--no-trunc', description: 'do not shorten' },
  { flags: '--digests', description: 'also digests' },
  { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
  { flags: '--json', description: 'the engine’s answer as JSON' },
];
const list = true;
const platform: OptionDefinition = {
  flags: '--platform <platform>',
  description: 'platform that it has to be for: os/architecture',
};
const buildOptions: readonly OptionDefinition[] = [
  { flags: '-t, --tag <name>', description: 'name of the image', repeatable: list },
  { flags: '-f, --file <path>', description: 'the Dockerfile; - is standard input', completion: 'file' },
  { flags: '--build-arg <variable>', description: 'value of an ARG', repeatable: list },
  { flags: '--label <label>', description: 'label of the image', repeatable: list },
  { flags: '--target <stage>', description: 'stage to end with' },
  { flags: '--no-cache', description: 'carry every step out anew' },
  { flags: '--cache-from <image>', description: 'image whose steps may be taken over', repeatable: list },
  { flags: '--pull', description: 'ask the registry for newer images' },
  { flags: '--platform <platform>', description: 'platform: os/architecture' },
  { flags: '-q, --quiet', description: 'only the image’s ID' },
  { flags: '--rm', description: 'remove containers of steps that went well: the default, but for --rm=false' },
  { flags: '--force-rm', description: 'remove containers of steps that failed too' },
  { flags: '--network <mode>', description: 'network of the commands', completion: 'network' },
  { flags: '--add-host <entry>', description: 'line for /etc/hosts: name:address or name=address', repeatable: list },
  { flags: '--shm-size <bytes>', description: 'size of /dev/shm' },
  { flags: '--ulimit <limit>', description: 'ulimit: name=soft:hard', repeatable: list },
  { flags: '-m, --memory <bytes>', description: 'memory limit' },
  { flags: '--memory-swap <bytes>', description: 'memory and swap together; -1 means unlimited swap' },
  { flags: '-c, --cpu-shares <weight>', description: 'CPU weight' },
  { flags: '--cpuset-cpus <list>', description: 'CPUs to run on: 0-3, 0,1' },
  { flags: '--cpuset-mems <list>', description: 'memory nodes to use: 0-3, 0,1' },
  { flags: '--cpu-period <microseconds>', description: 'period of the CPU quota' },
  { flags: '--cpu-quota <microseconds>', description: 'CPU time in each period' },
  { flags: '--cgroup-parent <path>', description: 'parent cgroup of the commands' },
  { flags: '--security-opt <option>', description: 'security option', repeatable: list },
  { flags: '--iidfile <path>', description: 'write the image’s ID to a file', completion: 'file' },
  { flags: '--squash', description: 'one layer for all steps, with engines that can' },
  { flags: '--compress', description: 'accepted for docker’s sake' },
];
const images = (): Promise<typeof import('../image/images.ts')> => import('../image/images.ts');
const transfer = (): Promise<typeof import('../image/transfer.ts')> => import('../image/transfer.ts');

/** Commands about images. */
export const imageCommands: readonly CommandDefinition[] = [
  {
    words: ['images'],
    aliases: [
      ['image', 'ls'],
      ['image', 'list'],
    ],
    summary: 'List images',
    arguments: '[reference]',
    options: listOptions,
    load: async () => (await images()).list,
  },
  {
    words: ['build'],
    aliases: [
      ['image', 'build'],
      ['builder', 'build'],
    ],
    summary: 'Build an image from a Dockerfile',
    arguments: '<folder>',
    options: buildOptions,
    completion: 'file',
    load: async () => (await import('../image/build.ts')).build,
  },
  {
    words: ['pull'],
    aliases: [['image', 'pull']],
    summary: 'Fetch an image from a registry',
    arguments: '<reference>',
    options: [
      { flags: '-a, --all-tags', description: 'all tags of the repository' },
      { flags: '-q, --quiet', description: 'only the reference at the end' },
      { flags: '--platform <platform>', description: 'platform: os/architecture' },
    ],
    load: async () => (await transfer()).pull,
  },
  {
    words: ['push'],
    aliases: [['image', 'push']],
    summary: 'Send an image to its registry',
    arguments: '<reference>',
    options: [
      { flags: '-a, --all-tags', description: 'all tags of the repository' },
      { flags: '-q, --quiet', description: 'only the reference at the end' },
      platform,
    ],
    completion: 'image',
    load: async () => (await transfer()).push,
  },
  {
    words: ['save'],
    aliases: [['image', 'save']],
    summary: 'Write images as an archive that load takes',
    arguments: '<image...>',
    options: [
      { flags: '-o, --output <path>', description: 'the archive; default standard output', completion: 'file' },
      platform,
    ],
    completion: 'image',
    load: async () => (await transfer()).save,
  },
  {
    words: ['image', 'prune'],
    summary: 'Remove images without a name that no container has',
    options: [
      { flags: '-a, --all', description: 'also those with a name' },
      { flags: '-f, --force', description: 'do not ask' },
      { flags: '--filter <filter>', description: 'condition: label=…, until=…', repeatable: true },
    ],
    load: async () => (await import('../machine/prune.ts')).pruneImages,
  },
  {
    words: ['login'],
    summary: 'Keep the credentials for a registry',
    arguments: '[server]',
    options: [
      { flags: '-u, --username <name>', description: 'name' },
      { flags: '-p, --password <password>', description: 'password; others can see it in the list of processes' },
      { flags: '--password-stdin', description: 'read the password from standard input' },
    ],
    load: async () => (await import('../image/login.ts')).login,
  },
  {
    words: ['logout'],
    summary: 'Forget the credentials for a registry',
    arguments: '[server]',
    load: async () => (await import('../image/login.ts')).logout,
  },
  {
    words: ['rmi'],
    aliases: [
      ['image', 'rm'],
      ['image', 'remove'],
    ],
    summary: 'Remove images',
    arguments: '<image...>',
    options: [
      { flags: '-f, --force', description: 'even when containers stand on it' },
      { flags: '--no-prune', description: 'keep parents without a name' },
    ],
    completion: 'image',
    load: async () => (await images()).remove,
  },
  {
    words: ['load'],
    aliases: [['image', 'load']],
    summary: 'Load images from an archive',
    options: [
      { flags: '-i, --input <path>', description: 'the archive; default standard input', completion: 'file' },
      { flags: '-q, --quiet', description: 'no progress' },
    ],
    load: async () => (await transfer()).loadArchive,
  },
  {
    words: ['import'],
    aliases: [['image', 'import']],
    summary: 'Make an image from an archive of files',
    arguments: '<path> [reference]',
    options: [
      { flags: '-c, --change <instruction>', description: 'change of the image’s config', repeatable: true },
      { flags: '-m, --message <text>', description: 'comment in the history' },
      { flags: '--platform <platform>', description: 'platform: os/architecture' },
    ],
    completion: 'file',
    load: async () => (await transfer()).importArchive,
  },
  {
    words: ['tag'],
    aliases: [['image', 'tag']],
    summary: 'Give an image another name',
    arguments: '<image> <reference>',
    completion: 'image',
    load: async () => (await images()).tag,
  },
  {
    words: ['history'],
    aliases: [['image', 'history']],
    summary: 'Show the layers of an image',
    arguments: '<image>',
    options: [
      { flags: '--no-trunc', description: 'do not shorten' },
      { flags: '-q, --quiet', description: 'only ids' },
      { flags: '-H, --human', description: 'sizes and dates for people: the default, but for --human=false' },
      { flags: '--format <template>', description: 'Go template, table TEMPLATE, or json' },
      platform,
    ],
    completion: 'image',
    load: async () => (await images()).history,
  },
  {
    words: ['image', 'inspect'],
    summary: 'Everything about images',
    arguments: '<image...>',
    options: [{ flags: '-f, --format <template>', description: 'Go template' }, platform],
    completion: 'image',
    load: async () => (await images()).inspect,
  },
  {
    words: ['builder', 'prune'],
    summary: 'Remove what builds keep',
    options: [
      { flags: '-a, --all', description: 'also what builds may still use' },
      { flags: '-f, --force', description: 'do not ask' },
      { flags: '--filter <filter>', description: 'condition: until=24h', repeatable: list },
      { flags: '--keep-storage <bytes>', description: 'how much may stay' },
    ],
    load: async () => (await import('../machine/prune.ts')).pruneBuilder,
  },
];
