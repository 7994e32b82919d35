import type { Completion, OptionDefinition } from './command.ts';

/** Options of `service create` and `service update`. Those of lists are one option of the first, and two of the second. */

const many = true;

/** Options that both have as they are. */
export const sharedServiceOptions: readonly OptionDefinition[] = [
  { flags: '--cap-add <capability>', description: 'add a capability', repeatable: many },
  { flags: '--cap-drop <capability>', description: 'drop a capability', repeatable: many },
  { flags: '--credential-spec <place>', description: 'account for Windows: config://, file:// or registry://' },
  { flags: '-d, --detach', description: 'do not wait until it runs' },
  { flags: '--endpoint-mode <mode>', description: 'how names lead to tasks', completion: ['vip', 'dnsrr'] },
  { flags: '--entrypoint <command>', description: 'command to run instead of the image’s' },
  { flags: '--health-cmd <command>', description: 'command that tells whether it is well' },
  { flags: '--health-interval <span>', description: 'time between checks: 1m30s' },
  { flags: '--health-retries <number>', description: 'failures in a row that make it unhealthy' },
  { flags: '--health-start-interval <span>', description: 'time between checks while it begins' },
  { flags: '--health-start-period <span>', description: 'time to begin in, in which failures do not count' },
  { flags: '--health-timeout <span>', description: 'patience with a check' },
  { flags: '--hostname <name>', description: 'host name' },
  { flags: '--init', description: 'run a small init that collects orphans' },
  { flags: '--isolation <mode>', description: 'isolation of Windows' },
  { flags: '--limit-cpu <number>', description: 'CPUs it may use' },
  { flags: '--limit-memory <bytes>', description: 'memory it may use' },
  { flags: '--limit-pids <number>', description: 'processes it may have; 0 is no limit' },
  { flags: '--log-driver <driver>', description: 'where its output is kept' },
  { flags: '--log-opt <option>', description: 'option of the log', repeatable: many },
  { flags: '--max-concurrent <number>', description: 'tasks of a job at one time' },
  { flags: '--no-healthcheck', description: 'no check, whatever the image says' },
  { flags: '--no-resolve-image', description: 'do not ask the registry which image that is' },
  { flags: '--oom-score-adj <number>', description: 'how readily it is ended for want of memory: -1000 to 1000' },
  { flags: '-q, --quiet', description: 'do not draw the progress' },
  { flags: '--read-only', description: 'mount the root file system read-only' },
  { flags: '--replicas <number>', description: 'number of tasks' },
  { flags: '--replicas-max-per-node <number>', description: 'tasks on one node; 0 is no limit' },
  { flags: '--reserve-cpu <number>', description: 'CPUs that a node has to have left' },
  { flags: '--reserve-memory <bytes>', description: 'memory that a node has to have left' },
  {
    flags: '--restart-condition <condition>',
    description: 'when another task follows one that ends; default any',
    completion: ['none', 'on-failure', 'any'],
  },
  { flags: '--restart-delay <span>', description: 'time before it follows; default 5s' },
  { flags: '--restart-max-attempts <number>', description: 'how often one follows' },
  { flags: '--restart-window <span>', description: 'time in which that is counted' },
  ...changeOptions('rollback', ['pause', 'continue']),
  ...changeOptions('update', ['pause', 'continue', 'rollback']),
  { flags: '--stop-grace-period <span>', description: 'patience before it is killed; default 10s' },
  { flags: '--stop-signal <signal>', description: 'signal that stops it' },
  { flags: '-t, --tty', description: 'give it a terminal' },
  { flags: '-u, --user <user>', description: 'user: name|uid[:group|gid]' },
  { flags: '--with-registry-auth', description: 'hand the own credentials for the registry on' },
  { flags: '-w, --workdir <path>', description: 'working directory' },
];

function changeOptions(change: 'update' | 'rollback', actions: readonly string[]): readonly OptionDefinition[] {
  return [
    { flags: `--${change}-delay <span>`, description: `time between tasks of one ${change}` },
    { flags: `--${change}-failure-action <action>`, description: `what a failing ${change} does`, completion: actions },
    { flags: `--${change}-max-failure-ratio <ratio>`, description: 'failing tasks that do not count as such: 0 to 1' },
    { flags: `--${change}-monitor <span>`, description: 'time that each task is watched for; default 5s' },
    {
      flags: `--${change}-order <order>`,
      description: 'what comes first; default stop-first',
      completion: ['start-first', 'stop-first'],
    },
    { flags: `--${change}-parallelism <number>`, description: 'tasks at one time; 0 is all' },
  ];
}

/** Options of lists: their name, what their value is called, and what it is. */
const lists: readonly (readonly [name: string, value: string, description: string])[] = [
  ['config', 'config', 'config as a file: NAME or source=…,target=…,uid=…,gid=…,mode=…'],
  ['constraint', 'constraint', 'condition of nodes: node.labels.rack==1'],
  ['container-label', 'label', 'label of its containers: key=value'],
  ['dns', 'address', 'upstream name server'],
  ['dns-option', 'option', 'resolver option'],
  ['dns-search', 'domain', 'search domain'],
  ['env', 'variable', 'environment variable'],
  ['generic-resource', 'resource', 'resource that only you know: kind=amount'],
  ['group', 'group', 'another group'],
  ['host', 'entry', 'line of /etc/hosts: name:address'],
  ['label', 'label', 'label: key=value'],
  ['mount', 'mount', 'mount: type=volume,source=…,target=…'],
  ['network', 'network', 'network: NAME or name=…,alias=…'],
  ['placement-pref', 'preference', 'how tasks are spread: spread=node.labels.rack'],
  ['publish', 'port', 'port: [published:]target[/protocol] or published=…,target=…,mode=…'],
  ['secret', 'secret', 'secret as a file: NAME or source=…,target=…,uid=…,gid=…,mode=…'],
  ['sysctl', 'setting', 'kernel setting of its namespaces: key=value'],
  ['ulimit', 'limit', 'limit of processes: name=soft[:hard]'],
];

/** Things that completion knows the names of. */
const named: Readonly<Record<string, Completion>> = { config: 'config', network: 'network', secret: 'secret' };
/** One letter for some. */
const letters: Readonly<Record<string, string>> = { env: '-e, ', label: '-l, ', publish: '-p, ' };

/** `--env <variable>` and the like of `service create`. */
export const listOptions: readonly OptionDefinition[] = lists.map(([name, value, description]) => ({
  flags: `${letters[name] ?? ''}--${name} <${value}>`,
  description,
  repeatable: many,
  ...(named[name] && { completion: named[name] }),
}));

/** `--env-add <variable>`, `--env-rm <variable>` and the like of `service update`. */
export const listChangeOptions: readonly OptionDefinition[] = lists.flatMap(([name, value, description]) => [
  {
    flags: `--${name}-add <${value}>`,
    description: `add ${description}`,
    repeatable: many,
    ...(named[name] && { completion: named[name] }),
  },
  { flags: `--${name}-rm <${value}>`, description: 'take it away again', repeatable: many },
]);
