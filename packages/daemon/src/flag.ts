import { FairleadError, parseGoBoolean } from '@fairlead/base';

/** One flag of the daemon, as dockerd has it. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** `list` flags may be given several times; `number` is a whole one. */
  readonly kind: 'text' | 'number' | 'list' | 'switch';
  /** Key in the configuration file, when it is not the flag's name. */
  readonly key?: string;
  /** Why the flag no longer means anything; it is accepted and this is said. */
  readonly note?: string;
}

const NFTABLES = 'Fairlead always programs its own nftables table';

/** Every flag that dockerd's users may have in their unit files. */
export const flags: readonly Flag[] = [
  { name: 'host', short: 'H', kind: 'list', key: 'hosts' },
  { name: 'group', short: 'G', kind: 'text' },
  { name: 'data-root', kind: 'text' },
  { name: 'exec-root', kind: 'text' },
  { name: 'pidfile', short: 'p', kind: 'text' },
  { name: 'config-file', kind: 'text' },
  { name: 'validate', kind: 'switch' },
  { name: 'metrics-addr', kind: 'text' },
  { name: 'flow-history', kind: 'text' },
  { name: 'self-repair', kind: 'switch' },
  { name: 'userns-remap', kind: 'text' },
  { name: 'containerd', kind: 'text' },
  { name: 'cgroup-parent', kind: 'text' },
  { name: 'debug', short: 'D', kind: 'switch' },
  { name: 'log-level', short: 'l', kind: 'text' },
  { name: 'tls', kind: 'switch' },
  { name: 'tlsverify', kind: 'switch' },
  { name: 'tlscacert', kind: 'text' },
  { name: 'tlscert', kind: 'text' },
  { name: 'tlskey', kind: 'text' },
  { name: 'bridge', short: 'b', kind: 'text' },
  { name: 'bip', kind: 'text' },
  { name: 'bip6', kind: 'text' },
  { name: 'fixed-cidr', kind: 'text' },
  { name: 'fixed-cidr-v6', kind: 'text' },
  { name: 'ipv6', kind: 'switch' },
  { name: 'ip', kind: 'text' },
  { name: 'ip-masq', kind: 'switch' },
  { name: 'icc', kind: 'switch' },
  { name: 'default-gateway', kind: 'text' },
  { name: 'default-gateway-v6', kind: 'text' },
  { name: 'default-network-opt', kind: 'list', key: 'default-network-opts' },
  { name: 'mtu', kind: 'number' },
  { name: 'default-address-pool', kind: 'list', key: 'default-address-pools' },
  { name: 'dns', kind: 'list' },
  { name: 'dns-opt', kind: 'list', key: 'dns-opts' },
  { name: 'dns-search', kind: 'list' },
  { name: 'host-gateway-ip', kind: 'list', key: 'host-gateway-ips' },
  { name: 'insecure-registry', kind: 'list', key: 'insecure-registries' },
  { name: 'registry-mirror', kind: 'list', key: 'registry-mirrors' },
  { name: 'http-proxy', kind: 'text', key: 'proxies.http-proxy' },
  { name: 'https-proxy', kind: 'text', key: 'proxies.https-proxy' },
  { name: 'no-proxy', kind: 'text', key: 'proxies.no-proxy' },
  { name: 'label', kind: 'list', key: 'labels' },
  { name: 'live-restore', kind: 'switch', note: 'containers always go on while the daemon is away' },
  { name: 'userland-proxy', kind: 'switch', note: 'ports are published without helper processes' },
  { name: 'userland-proxy-path', kind: 'text', note: 'ports are published without helper processes' },
  { name: 'iptables', kind: 'switch', note: NFTABLES },
  { name: 'ip6tables', kind: 'switch', note: NFTABLES },
  { name: 'firewall-backend', kind: 'text', note: NFTABLES },
  { name: 'ip-forward', kind: 'switch' },
  { name: 'ip-forward-no-drop', kind: 'switch', note: "the host's own policies are never changed" },
  { name: 'allow-direct-routing', kind: 'switch', note: 'only published ports are reachable from outside' },
  { name: 'bridge-accept-fwmark', kind: 'text', note: 'marks of other rules decide about nothing' },
  { name: 'network-control-plane-mtu', kind: 'number', note: 'there is no control plane over UDP' },
  { name: 'storage-driver', short: 's', kind: 'text', note: 'layers are always kept by containerd with OverlayFS' },
  {
    name: 'storage-opt',
    kind: 'list',
    key: 'storage-opts',
    note: 'layers are always kept by containerd with OverlayFS',
  },
  { name: 'init', kind: 'switch' },
  { name: 'rootless', kind: 'switch' },
  { name: 'init-path', kind: 'text', note: 'the init of containers is tini, or docker-init' },
  { name: 'no-new-privileges', kind: 'switch' },
  { name: 'default-shm-size', kind: 'text' },
  { name: 'default-ipc-mode', kind: 'text' },
  { name: 'default-cgroupns-mode', kind: 'text' },
  { name: 'seccomp-profile', kind: 'text' },
  { name: 'cpu-rt-period', kind: 'number' },
  { name: 'cpu-rt-runtime', kind: 'number' },
  { name: 'authorization-plugin', kind: 'list', key: 'authorization-plugins' },
  { name: 'default-ulimit', kind: 'list', key: 'default-ulimits' },
  { name: 'log-driver', kind: 'text' },
  { name: 'log-opt', kind: 'list', key: 'log-opts' },
  { name: 'exec-opt', kind: 'list', key: 'exec-opts', note: 'the control group driver is cgroupfs' },
  { name: 'default-runtime', kind: 'text', note: 'the runtime is runc, or crun where that is better' },
  { name: 'add-runtime', kind: 'list', key: 'runtimes', note: 'the runtime is runc, or crun where that is better' },
  { name: 'shutdown-timeout', kind: 'number' },
  { name: 'raw-logs', kind: 'switch', note: 'the log of the daemon has no colours' },
  { name: 'api-cors-header', kind: 'text', note: 'pages of other origins are not served' },
  { name: 'max-download-attempts', kind: 'number', note: 'a download that fails is not tried again by itself' },
  { name: 'containerd-namespace', kind: 'text', note: 'it is always fairlead' },
  {
    name: 'containerd-plugins-namespace',
    kind: 'text',
    key: 'containerd-plugin-namespace',
    note: 'plugins do not run in containers',
  },
  { name: 'cri-containerd', kind: 'switch', note: 'a containerd of our own has no CRI' },
  { name: 'swarm-default-advertise-addr', kind: 'text' },
  { name: 'node-generic-resource', kind: 'list', key: 'node-generic-resources', note: 'tasks are not placed by them' },
  { name: 'experimental', kind: 'switch', note: 'nothing is experimental' },
  { name: 'feature', kind: 'list', key: 'features', note: 'nothing is experimental' },
  { name: 'builder', kind: 'list', note: 'what builds keep is pruned by docker builder prune' },
  { name: 'cdi-spec-dir', kind: 'list', key: 'cdi-spec-dirs', note: 'devices are not had by CDI' },
  { name: 'log-format', kind: 'text', note: 'the log of the daemon is lines of JSON' },
  { name: 'network-diagnostic-port', kind: 'number', note: 'there is no control plane of networks' },
  { name: 'allow-nondistributable-artifacts', kind: 'list', note: 'only images of Windows have such layers' },
  { name: 'selinux-enabled', kind: 'switch', note: 'SELinux labels are not set' },
  { name: 'max-concurrent-downloads', kind: 'number' },
  { name: 'max-concurrent-uploads', kind: 'number' },
  { name: 'oom-score-adjust', kind: 'number', note: 'the unit file decides about that' },
];

/** What was given, by the flag's name; switches are `true` or `false`. */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

/**
 * Read a command line as dockerd reads it: `--name value`, `--name=value`, `-n value`, `-nvalue`; a switch takes a value
 * only behind `=`.
 *
 * @throws FairleadError `invalid-argument` for what is not a flag.
 */
export function parseFlags(words: readonly string[]): FlagValues {
  const values = new Map<string, string[]>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { flag, attached } = recognize(word);
    const value = attached ?? (flag.kind === 'switch' ? 'true' : rest.shift());
    if (value === undefined) throw new FairleadError('invalid-argument', `flag needs an argument: ${word}`);
    const list = values.getOrInsertComputed(flag.name, () => []);
    if (flag.kind !== 'list') list.length = 0;
    list.push(checked(flag, value));
  }
  return values;
}

function recognize(word: string): { readonly flag: Flag; readonly attached: string | undefined } {
  const long = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(word);
  if (long !== null) return { flag: named(long[1] ?? '', word), attached: long[2] };
  const short = /^-([A-Za-z])(?:=?(.+))?$/s.exec(word);
  if (short === null) throw new FairleadError('invalid-argument', `"fairlead daemon" accepts no arguments: ${word}`);
  const flag = flags.find((candidate) => candidate.short === short[1]);
  if (flag === undefined) throw new FairleadError('invalid-argument', `unknown shorthand flag: ${word}`);
  return { flag, attached: short[2] };
}

function named(name: string, word: string): Flag {
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined) throw new FairleadError('invalid-argument', `unknown flag: ${word.replace(/=.*/s, '')}`);
  return flag;
}

/** The value in its plain form. */
function checked(flag: Flag, value: string): string {
  if (flag.kind === 'switch') return parseSwitch(flag, value);
  if (flag.kind !== 'number' || /^[+-]?\d+$/.test(value)) return value;
  throw invalidArgument(flag, value, `strconv.ParseInt: parsing "${value}": invalid syntax`);
}

/** What dockerd says of a flag's value that cannot be. */
export function invalidArgument({ name }: Pick<Flag, 'name'>, value: string, reason: string): FairleadError {
  return new FairleadError('invalid-argument', `invalid argument "${value}" for "--${name}" flag: ${reason}`);
}

function parseSwitch(flag: Flag, text: string): string {
  const value = parseGoBoolean(text);
  if (value !== undefined) return `${value}`;
  throw invalidArgument(flag, text, `strconv.ParseBool: parsing "${text}": invalid syntax`);
}
