/** Where a buildkitd of ours keeps and finds everything. */
export interface BuildkitdSettings {
  readonly program: string;
  /** What is kept: the cache's records. */
  readonly root: string;
  /** What is not: sockets, log, process id. */
  readonly state: string;
  readonly containerd: { readonly socket: string; readonly namespace: string; readonly snapshotter: string };
  /** Control group of the containers of steps. */
  readonly cgroupParent: string;
  /** Profile that confines them; absent where there is no AppArmor. */
  readonly appArmorProfile?: string;
  /** Name servers of the steps; the host's where there are none. */
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  /** URLs of mirrors of docker.io. */
  readonly mirrors: readonly string[];
  /** Hosts whose certificate is not checked and that may speak plain HTTP. */
  readonly insecureRegistries: readonly string[];
  /** Directories with certificates, by the host that they are for. */
  readonly certificates: ReadonlyMap<string, string>;
  /** What `host-gateway` stands for in `--add-host`. */
  readonly hostGateway?: string;
}

/** Places below the folders of the settings. */
export const buildkitdPlaces = ({ state }: Pick<BuildkitdSettings, 'state'>) => ({
  config: `${state}/buildkitd.toml`,
  socket: `${state}/buildkitd.sock`,
  log: `${state}/buildkitd.log`,
  pid: `${state}/buildkitd.pid`,
  /** How the plugin that gives steps their network is asked for. */
  network: `${state}/network.conflist`,
  /** Where that plugin finds the engine. */
  networkSocket: `${state}/network.sock`,
});

/** One plugin, which asks the engine (CNI specification 0.4.0, "Network Configuration Lists"). */
export const networkList = JSON.stringify({
  cniVersion: '0.4.0',
  name: 'fairlead',
  plugins: [{ type: 'fairlead-step' }],
});

/**
 * Configuration of a buildkitd that works in the engine's containerd: what it makes is where images are, and what is
 * there it need not fetch.
 *
 * @param networkPrograms directory of the CNI plugins.
 */
export function buildkitdConfig(settings: BuildkitdSettings, networkPrograms: string): string {
  const { root, state, containerd, cgroupParent, appArmorProfile, dns, hostGateway } = settings;
  const places = buildkitdPlaces(settings);
  return [
    line('root', root),
    // As with dockerd: a build may have the host's network where its client asks for it.
    line('insecure-entitlements', ['network.host']),
    '[grpc]',
    line('address', [`unix://${places.socket}`]),
    '[otel]',
    line('socketPath', `${state}/otel.sock`),
    '[cdi]',
    'disabled = true',
    '[dns]',
    ...[line('nameservers', dns.servers), line('searchDomains', dns.search), line('options', dns.options)],
    '[worker.oci]',
    'enabled = false',
    '[worker.containerd]',
    'enabled = true',
    line('address', containerd.socket),
    line('namespace', containerd.namespace),
    line('snapshotter', containerd.snapshotter),
    line('defaultCgroupParent', cgroupParent),
    ...(appArmorProfile === undefined ? [] : [line('apparmor-profile', appArmorProfile)]),
    // Never the host's, and no tool that changes the host's rules beside the engine.
    line('networkMode', 'cni'),
    line('cniConfigPath', places.network),
    line('cniBinaryPath', networkPrograms),
    ...(hostGateway === undefined ? [] : ['[worker.containerd.labels]', line(hostGatewayLabel, hostGateway)]),
    ...registryLines(settings),
    '',
  ].join('\n');
}

/** Where Buildx looks for it (moby/moby, builder-next/worker/label). */
const hostGatewayLabel = '"org.mobyproject.buildkit.worker.moby.host-gateway-ip"';

function registryLines({ mirrors, insecureRegistries, certificates }: BuildkitdSettings): string[] {
  const lines = new Map<string, string[]>();
  const say = (host: string, ...words: string[]) => lines.getOrInsertComputed(host, () => []).push(...words);
  const urls = mirrors.map((mirror) => new URL(mirror));
  const names = urls.map(({ host }) => host);
  if (names.length > 0) say('docker.io', line('mirrors', names));
  const plain = urls.filter(({ protocol }) => protocol === 'http:').map(({ host }) => host);
  for (const host of plain) say(host, 'http = true');
  // A range of addresses is none of the names that buildkitd looks registries up by.
  const named = insecureRegistries.filter((host) => !host.includes('/') && !plain.includes(host));
  // Both: whatever certificate there is, and without one where there is no TLS.
  for (const host of named) say(host, 'insecure = true', 'http = true');
  for (const [host, directory] of certificates) say(host, line('tlsconfigdir', [directory]));
  return [...lines].flatMap(([host, words]) => [`[registry.${JSON.stringify(host)}]`, ...words]);
}

/** Texts in TOML are those of JSON. */
function line(name: string, value: string | readonly string[]): string {
  return `${name} = ${JSON.stringify(value)}`;
}
