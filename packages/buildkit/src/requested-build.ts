import { FairleadError } from '@fairlead/base';
import type { SolveRequest } from './gen/control.ts';
import { engineStore } from './solve-exchange.ts';

/** A build as a request to the engine asks for it: Engine API, `POST /build` with `version=2`. */
export interface RequestedBuild {
  /** Given by the client, for it to be cancelled or sent its context; '' means none. */
  readonly id: string;
  /** In which the client can be asked for files and credentials; '' means none. */
  readonly session: string;
  /** Where the context is: `client-session`, `upload-request`, a URL, or '' for the request's body. */
  readonly remote: string;
  /** Path of the Dockerfile in the context; '' means `Dockerfile`. */
  readonly dockerfile: string;
  /** Names of the image. */
  readonly tags: readonly string[];
  readonly arguments: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Stage to stop at; '' means the last one. */
  readonly target: string;
  readonly platform: string;
  readonly noCache: boolean;
  /** Images whose steps may be taken over. */
  readonly cacheFrom: readonly string[];
  /** Ask the registry for images that are here already. */
  readonly pull: boolean;
  /** `host`, `none` or `default`; '' means the last. */
  readonly networkMode: string;
  /** `name:address` */
  readonly extraHosts: readonly string[];
  readonly cgroupParent: string;
  /** Bytes; 0 means BuildKit's own. */
  readonly shmSize: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** Where the result goes; the engine's store when there are none. */
  readonly outputs: readonly { readonly type: string; readonly attributes: Readonly<Record<string, string>> }[];
  /** Raised when nobody waits for the image any more. */
  readonly signal: AbortSignal;
}

/** Results that are thrown away: what counts is the cache. */
const cacheOnly = 'cacheonly';

/**
 * What is asked of buildkitd, as dockerd asks its own (moby, builder-next/builder.go).
 *
 * @param ref by which what goes on can be asked for.
 * @param context URL of the context; absent when the client is asked for it.
 * @param hostGateway what `host-gateway` stands for.
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function solveRequest(
  build: RequestedBuild,
  { ref, context, hostGateway }: { ref: string; context: string | undefined; hostGateway: string | undefined },
): Partial<SolveRequest> {
  const isInline = ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(build.arguments['BUILDKIT_INLINE_CACHE'] ?? '');
  return {
    ref,
    frontend: 'dockerfile.v0',
    frontendAttributes: frontendAttributes(build, context, hostGateway),
    session: build.session,
    exporters: exporters(build),
    cache: { exports: isInline ? [{ type: 'inline' }] : [] },
    entitlements: build.networkMode === 'host' ? ['network.host'] : [],
  };
}

function exporters({ outputs, tags }: RequestedBuild) {
  if (outputs.length > 1) throw invalid('multiple outputs not supported');
  const [output = { type: engineStore, attributes: {} }] = outputs;
  if (output.type === cacheOnly) return [];
  const isImage = output.type === 'image' || output.type === engineStore;
  if (!isImage) return [{ type: output.type, attributes: { ...output.attributes } }];
  return [{ type: engineStore, attributes: { ...output.attributes, ...(tags.length > 0 && { name: tags.join() }) } }];
}

function frontendAttributes(build: RequestedBuild, context: string | undefined, hostGateway: string | undefined) {
  const { target, dockerfile, platform, cgroupParent, shmSize, ulimits } = build;
  const limits = ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`);
  const given: Record<string, string | undefined> = {
    context,
    target,
    platform,
    filename: dockerfile === '.' ? '' : dockerfile,
    'cgroup-parent': cgroupParent,
    'shm-size': shmSize > 0 ? String(shmSize) : '',
    ulimit: limits.join(),
    'add-hosts': build.extraHosts.map((host) => hostEntry(host, hostGateway)).join(),
    'cache-from': build.cacheFrom.join(),
    'force-network-mode': forcedNetwork(build.networkMode),
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return {
    // What is here is as good as what a registry has, as for `docker run`.
    'image-resolve-mode': build.pull ? 'pull' : 'local',
    ...(build.noCache && { 'no-cache': '' }),
    ...Object.fromEntries(set),
    ...prefixed('build-arg:', build.arguments),
    ...prefixed('label:', build.labels),
  };
}

function prefixed(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
}

function forcedNetwork(mode: string): string {
  if (mode === '' || mode === 'default') return '';
  if (mode === 'host' || mode === 'none') return mode;
  throw invalid(`network mode ${JSON.stringify(mode)} not supported by buildkit`);
}

function hostEntry(entry: string, hostGateway: string | undefined): string {
  const [, name = '', address = ''] = /^([^:]*):(.*)$/.exec(entry) ?? [];
  if (name === '' || address === '') throw invalid(`invalid host ${entry}`);
  if (address !== 'host-gateway') return `${name}=${address}`;
  if (hostGateway === undefined) throw invalid('unable to derive the IP value for host-gateway');
  return `${name}=${hostGateway}`;
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
