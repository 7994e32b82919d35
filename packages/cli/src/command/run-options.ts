import type { OptionDefinition } from './command.ts';

const list = true;

const limitOptions: readonly OptionDefinition[] = [
  { flags: '-m, --memory <bytes>', description: 'memory limit' },
  { flags: '--memory-reservation <bytes>', description: 'soft memory limit' },
  { flags: '--memory-swap <bytes>', description: 'memory and swap together; -1 means unlimited swap' },
  { flags: '--cpus <number>', description: 'number of CPUs' },
  { flags: '-c, --cpu-shares <weight>', description: 'CPU weight' },
  { flags: '--cpuset-cpus <list>', description: 'CPUs it may run on: 0-3, 0,1' },
  { flags: '--pids-limit <number>', description: 'number of processes; -1 means unlimited' },
];

const restartOption: OptionDefinition = {
  flags: '--restart <policy>',
  description: 'restart policy',
  completion: ['no', 'always', 'on-failure', 'unless-stopped'],
};

/** Options of `update`: what can be different about a container that exists. */
export const updateOptions: readonly OptionDefinition[] = [...limitOptions, restartOption];

/** Options of `run` and `create`: docker's, as far as the engine knows what to do with them. */
export const runOptions: readonly OptionDefinition[] = [
  { flags: '-d, --detach', description: 'run in the background and print the container id' },
  { flags: '-i, --interactive', description: 'keep standard input open' },
  { flags: '-t, --tty', description: 'give it a terminal' },
  {
    flags: '-a, --attach <stream>',
    description: 'attach to stdin, stdout or stderr',
    repeatable: list,
    completion: ['stdin', 'stdout', 'stderr'],
  },
  { flags: '--rm', description: 'remove the container when it exits' },
  { flags: '--name <name>', description: 'name of the container' },
  {
    flags: '-p, --publish <spec>',
    description: 'publish a port: [[address:]host:]container[/protocol][,from=SOURCE][,via=INTERFACE]',
    repeatable: list,
  },
  { flags: '-P, --publish-all', description: 'publish every exposed port on a free one' },
  { flags: '--expose <port>', description: 'expose a port or a range', repeatable: list },
  {
    flags: '--net, --network <network>',
    description: 'network to join: NAME or name=NAME,alias=…,ip=…',
    repeatable: list,
    completion: 'network',
  },
  { flags: '--network-alias <name>', description: 'another name on the network', repeatable: list },
  { flags: '--ip <address>', description: 'IPv4 address on the network' },
  { flags: '--ip6 <address>', description: 'IPv6 address on the network' },
  { flags: '--mac-address <address>', description: 'MAC address' },
  {
    flags: '--link <container>',
    description: 'add a link to another container',
    repeatable: list,
    completion: 'container',
  },
  { flags: '-e, --env <variable>', description: 'set an environment variable', repeatable: list },
  {
    flags: '--env-file <path>',
    description: 'read environment variables from a file',
    repeatable: list,
    completion: 'file',
  },
  {
    flags: '-v, --volume <spec>',
    description: 'volume or directory: [name|path:]destination[:options]',
    repeatable: list,
  },
  {
    flags: '--volumes-from <container>',
    description: 'take over the mounts of a container: container[:ro]',
    repeatable: list,
    completion: 'container',
  },
  { flags: '--volume-driver <driver>', description: 'driver of new volumes', completion: ['local'] },
  { flags: '--mount <spec>', description: 'mount: type=volume,source=…,target=…', repeatable: list },
  { flags: '--tmpfs <spec>', description: 'mount memory: path[:options]', repeatable: list },
  { flags: '-w, --workdir <path>', description: 'working directory' },
  { flags: '-u, --user <user>', description: 'user: name|uid[:group|gid]' },
  { flags: '--group-add <group>', description: 'another group', repeatable: list },
  { flags: '--entrypoint <program>', description: 'program to run instead of the image’s' },
  { flags: '-h, --hostname <name>', description: 'host name' },
  { flags: '--domainname <name>', description: 'NIS domain name' },
  { flags: '--dns <address>', description: 'upstream name server', repeatable: list },
  { flags: '--dns-search <domain>', description: 'search domain', repeatable: list },
  { flags: '--dns-option <option>', description: 'resolver option', repeatable: list },
  { flags: '--add-host <entry>', description: 'line of /etc/hosts: name:address or name=address', repeatable: list },
  { flags: '--cap-add <capability>', description: 'add a capability', repeatable: list },
  { flags: '--cap-drop <capability>', description: 'drop a capability', repeatable: list },
  { flags: '--security-opt <option>', description: 'security option', repeatable: list },
  { flags: '--privileged', description: 'all capabilities and devices' },
  { flags: '--read-only', description: 'mount the root file system read-only' },
  { flags: '--init', description: 'run a small init that collects orphans' },
  { flags: '--device <spec>', description: 'device: host[:container[:permissions]]', repeatable: list },
  ...limitOptions,
  { flags: '--shm-size <bytes>', description: 'size of /dev/shm' },
  { flags: '--ulimit <spec>', description: 'limit of processes: name=soft[:hard]', repeatable: list },
  { flags: '--sysctl <setting>', description: 'kernel setting of its namespaces: key=value', repeatable: list },
  { flags: '--pid <mode>', description: 'process namespace: host or container:NAME' },
  { flags: '--ipc <mode>', description: 'IPC namespace' },
  { flags: '--uts <mode>', description: 'host name namespace' },
  { flags: '--userns <mode>', description: 'user namespace: host, when users are remapped', completion: ['host'] },
  { flags: '--cgroup-parent <path>', description: 'parent cgroup' },
  { flags: '-l, --label <label>', description: 'label: key=value', repeatable: list },
  restartOption,
  { flags: '--stop-signal <signal>', description: 'signal that stops it' },
  { flags: '--stop-timeout <seconds>', description: 'patience before it is killed' },
  {
    flags: '--log-driver <driver>',
    description: 'where its output is kept',
    completion: ['json-file', 'local', 'none', 'syslog'],
  },
  { flags: '--log-opt <option>', description: 'option of the log', repeatable: list },
  { flags: '--platform <platform>', description: 'platform of the image: os/architecture' },
  { flags: '--pull <when>', description: 'pull the image before', completion: ['always', 'missing', 'never'] },
  { flags: '-q, --quiet', description: 'do not draw the progress of a pull' },
  { flags: '--cidfile <path>', description: 'write the container id to a file', completion: 'file' },
  { flags: '--detach-keys <keys>', description: 'keys that detach' },
  {
    flags: '--sig-proxy <bool>',
    description: 'hand signals on to the container; default true',
    completion: ['true', 'false'],
  },
];
