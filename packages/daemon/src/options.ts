import { join } from 'node:path';
import {
  FairleadError,
  type IpAddress,
  isCidr,
  LEAST_MTU6,
  type LogLevel,
  parseIpAddress,
  withPrefix,
} from '@fairlead/base';
import { type ContainerDefaults, type LogConfig, requireLogConfig } from '@fairlead/engine';
import { parseSubnetSourceFlag } from '@fairlead/ipam';
import { parseHostBindings } from '@fairlead/network';
import { environmentProxies, type ProxySettings } from '@fairlead/registry';
import type { RealtimeShare } from '@fairlead/runtime';
import { CONFIG_FILE, EXEC_ROOT, readSettings } from './config-file.ts';
import { parseCgroupNamespaceDefault, parseIpcDefault, parseShmSize, parseUlimit } from './container-flags.ts';
import { parseSearchDomain, parseServer } from './dns-flags.ts';
import { type FlagValues, flags, invalidArgument } from './flag.ts';
import { parseLogLevel } from './log.ts';
import { type MetricsAddress, parseMetricsAddress } from './metrics/metrics-address.ts';
import { parseInsecureRegistry, parseMirror } from './registry-flags.ts';

/** Everything that the operator decided. */
export interface DaemonOptions {
  /** `unix://PATH`, `tcp://HOST:PORT`, `fd://`. */
  readonly hosts: readonly string[];
  /** Group of the unix sockets. */
  readonly group: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly pidFile: string;
  /** Only say whether the configuration can be. */
  readonly validatesOnly: boolean;
  /** Where metrics are served; absent means nowhere. */
  readonly metrics?: MetricsAddress;
  /** Flows that are kept when they have ended; 0 keeps none, and listens only while somebody asks. */
  readonly flowHistory: number;
  /** Put back at once what somebody takes from the network. */
  readonly selfRepair: boolean;
  /** Seconds that all containers together get to stop at the end of the machine, or as long as they need by themselves. */
  readonly shutdownTimeout: number;
  /** Switch the host's forwarding on when a network needs it; otherwise the operator sees to it. */
  readonly ipForward: boolean;
  /** Socket of a containerd that runs already; absent means one of our own. */
  readonly containerd?: string;
  /** Whose subordinate users and groups those of containers are, `default|USER[:GROUP]`; absent means nobody's. */
  readonly userRemap?: string;
  /** Control group of containers that name none; '' means the engine's own. */
  readonly cgroupParent: string;
  /** What others are told of a swarm that is made without saying: an address or an interface; '' for the machine's only one. */
  readonly swarmAddress: string;
  readonly debug: boolean;
  readonly logLevel: LogLevel;
  readonly tls: TlsOptions;
  readonly bridge: BridgeOptions;
  /** Bytes. */
  readonly mtu: number;
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  /** Driver options of networks that do not set them, by driver. */
  readonly networkOptions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  readonly hostGateways: readonly string[];
  /** The log of containers that ask for none in particular. */
  readonly log: LogConfig;
  readonly containerDefaults: ContainerDefaults;
  /** Path of the profile of containers that name none, `builtin`, or `unconfined`. */
  readonly seccompProfile: string;
  /** What the control group above containers gets of it. */
  readonly realtime: RealtimeShare;
  /** Names of plugins that are asked about every request, in this order. */
  readonly authorizationPlugins: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** Whom registries and URLs are asked through: flags, else the daemon's environment. */
  readonly proxies: ProxySettings;
  readonly labels: readonly string[];
  /** Layers that are fetched and sent at once, for each image. */
  readonly concurrency: { readonly downloads: number; readonly uploads: number };
  /** What was given although it no longer means anything: flag and reason. */
  readonly notes: readonly string[];
}

/** The options as they are by now: some can change while the daemon runs. */
export interface LiveOptions {
  current: DaemonOptions;
}

/** Certificates for TCP. */
export interface TlsOptions {
  readonly enabled: boolean;
  readonly verify: boolean;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** The default network. */
export interface BridgeOptions {
  /** Name of the bridge, `none` for no default network; absent leaves it to the engine. */
  readonly name?: string;
  /** Address and subnet of the bridge, `172.26.0.1/16`. */
  readonly address?: string;
  readonly address6?: string;
  /** Range that containers' addresses come from. */
  readonly range?: string;
  readonly range6?: string;
  readonly ipv6: boolean;
  readonly masquerade: boolean;
  /** Its containers may talk to each other. */
  readonly icc: boolean;
  /** Router of its containers instead of the bridge itself. */
  readonly gateway?: IpAddress;
  readonly gateway6?: IpAddress;
  /** Host addresses of published ports that name none, one of each family at most. */
  readonly hostBindings?: readonly IpAddress[];
}

const CERTIFICATES = '/etc/fairlead';
/** Where certificates of registries are, a directory for each host: Docker's own place, for other tools know it, too. */
export const REGISTRY_CERTIFICATES = '/etc/docker/certs.d';

/**
 * Read command line and configuration file.
 *
 * @throws FairleadError `invalid-argument` in dockerd's words.
 */
export function daemonOptions(words: readonly string[]): DaemonOptions {
  return optionsOf(readSettings(words, CONFIG_FILE).all);
}

const NEEDS_ROOT =
  'rootless mode is not supported: bridges, nftables and published ports of the host need its administrator; ' +
  '--userns-remap keeps containers from being root outside';

/** Settings by flag name, with the defaults filled in. @throws FairleadError as {@link daemonOptions}. */
export function optionsOf(values: FlagValues): DaemonOptions {
  const text = (name: string) => values.get(name)?.at(-1);
  const list = (name: string) => values.get(name) ?? [];
  const on = (name: string, otherwise: boolean) => (text(name) ?? String(otherwise)) === 'true';
  if (on('rootless', false)) throw new FairleadError('invalid-argument', NEEDS_ROOT);
  const containerd = text('containerd');
  const userRemap = text('userns-remap');
  return {
    hosts: list('host').length > 0 ? list('host') : ['unix:///run/fairlead/docker.sock'],
    group: text('group') ?? 'docker',
    dataRoot: text('data-root') ?? '/var/lib/fairlead',
    execRoot: text('exec-root') ?? EXEC_ROOT,
    pidFile: text('pidfile') ?? '/run/fairlead.pid',
    validatesOnly: on('validate', false),
    ...(text('metrics-addr') && { metrics: parseMetricsAddress(text('metrics-addr') ?? '') }),
    flowHistory: parseCount('flow history', text('flow-history')) || 0,
    selfRepair: on('self-repair', true),
    shutdownTimeout: Number(text('shutdown-timeout') ?? 15),
    ipForward: on('ip-forward', true),
    ...(containerd && { containerd }),
    ...(userRemap && { userRemap }),
    cgroupParent: text('cgroup-parent') ?? '',
    swarmAddress: text('swarm-default-advertise-addr') ?? '',
    debug: on('debug', false),
    logLevel: parseLogLevel(text('log-level') ?? 'info'),
    tls: {
      enabled: on('tls', false) || on('tlsverify', false),
      verify: on('tlsverify', false),
      authority: text('tlscacert') ?? join(CERTIFICATES, 'ca.pem'),
      certificate: text('tlscert') ?? join(CERTIFICATES, 'server-cert.pem'),
      key: text('tlskey') ?? join(CERTIFICATES, 'server-key.pem'),
    },
    bridge: bridgeOptions(text, on),
    mtu: parseMtu(text('mtu') ?? '1500', on('ipv6', false)),
    addressPools: list('default-address-pool').map(parseSubnetSourceFlag),
    networkOptions: networkOptions(list('default-network-opt')),
    dns: {
      servers: list('dns').map(parseServer),
      search: list('dns-search').map(parseSearchDomain),
      options: list('dns-opt'),
    },
    hostGateways: list('host-gateway-ip').map(parseIpAddress),
    log: logConfig(text('log-driver') ?? 'json-file', list('log-opt')),
    containerDefaults: {
      init: on('init', false),
      noNewPrivileges: on('no-new-privileges', false),
      shmSize: parseShmSize(text('default-shm-size') ?? '64m'),
      ulimits: list('default-ulimit').map(parseUlimit),
      ipcMode: parseIpcDefault(text('default-ipc-mode') ?? ''),
      cgroupNamespace: parseCgroupNamespaceDefault(text('default-cgroupns-mode') ?? ''),
    },
    seccompProfile: text('seccomp-profile') || 'builtin',
    realtime: { period: Number(text('cpu-rt-period') ?? 0), runtime: Number(text('cpu-rt-runtime') ?? 0) },
    authorizationPlugins: [...new Set(list('authorization-plugin'))],
    registryMirrors: list('registry-mirror').map(parseMirror),
    insecureRegistries: list('insecure-registry').map(parseInsecureRegistry),
    proxies: proxySettings(text),
    labels: list('label').map(parseLabel),
    concurrency: {
      downloads: parseCount('max concurrent downloads', text('max-concurrent-downloads')) || 3,
      uploads: parseCount('max concurrent uploads', text('max-concurrent-uploads')) || 5,
    },
    notes: notesOf(values),
  };
}

/** What is not given is what the environment says, as with dockerd. */
function proxySettings(text: (name: string) => string | undefined): ProxySettings {
  const [http, https, none] = [text('http-proxy'), text('https-proxy'), text('no-proxy')];
  const given = { ...(http && { http }), ...(https && { https }), ...(none && { none }) };
  return { ...environmentProxies(process.env), ...given };
}

function logConfig(type: string, words: readonly string[]): LogConfig {
  const options = Object.fromEntries(
    words.map((word) => {
      const [name = '', ...value] = word.split('=');
      return [name, value.join('=')];
    }),
  );
  try {
    requireLogConfig({ type, options });
  } catch (error) {
    throw withPrefix('failed to set log opts: ', error);
  }
  return { type, options };
}

function bridgeOptions(
  text: (name: string) => string | undefined,
  on: (name: string, otherwise: boolean) => boolean,
): BridgeOptions {
  const address = cidr('bip', text('bip'));
  const address6 = cidr('bip6', text('bip6'));
  const range = cidr('fixed-cidr', text('fixed-cidr'));
  const range6 = cidr('fixed-cidr-v6', text('fixed-cidr-v6'));
  const gateway = text('default-gateway');
  const gateway6 = text('default-gateway-v6');
  const ip = text('ip');
  const name = text('bridge');
  return {
    ...(name && { name }),
    ipv6: on('ipv6', false),
    masquerade: on('ip-masq', true),
    icc: on('icc', true),
    ...(gateway && { gateway: parseIpAddress(gateway) }),
    ...(gateway6 && { gateway6: parseIpAddress(gateway6) }),
    ...(address && { address }),
    ...(address6 && { address6 }),
    ...(range && { range }),
    ...(range6 && { range6 }),
    ...(ip && ip !== '0.0.0.0' && { hostBindings: parseHostBindings(ip) }),
  };
}

function cidr(flag: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (isCidr(value)) return value;
  throw invalidArgument({ name: flag }, value, `invalid CIDR address: ${value}`);
}

/** `driver=key=value`, several times. */
function networkOptions(texts: readonly string[]): Record<string, Record<string, string>> {
  const options: Record<string, Record<string, string>> = {};
  for (const text of texts) {
    const [, driver, key, value] = /^([^=]+)=([^=]+)=(.*)$/.exec(text) ?? [];
    if (driver === undefined || key === undefined || value === undefined) {
      throw invalidArgument({ name: 'default-network-opt' }, text, `invalid value ${text}`);
    }
    options[driver] = { ...options[driver], [key]: value };
  }
  return options;
}

/** @param ipv6 whether the default network is to have IPv6, too. */
function parseMtu(value: string, ipv6: boolean): number {
  const mtu = Number(value);
  if (!(mtu >= 68 && mtu <= 65_535)) throw new FairleadError('invalid-argument', `invalid default MTU: ${value}`);
  if (!ipv6 || mtu >= LEAST_MTU6) return mtu;
  throw new FairleadError('invalid-argument', `invalid default MTU: ${value}: IPv6 needs ${LEAST_MTU6} at least`);
}

function parseLabel(label: string): string {
  if (/^[^=]+=/.test(label)) return label;
  throw invalidArgument({ name: 'label' }, label, `bad attribute format: ${label}`);
}

function parseCount(what: string, text = '0'): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new FairleadError('invalid-argument', `invalid ${what}: ${text}`);
}

function notesOf(values: FlagValues): string[] {
  return flags.flatMap(({ name, note }) => (note !== undefined && values.has(name) ? [`--${name}: ${note}`] : []));
}
