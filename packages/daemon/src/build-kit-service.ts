import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FairleadError } from '@fairlead/base';
import { BuildKit, type BuildkitdSettings, endBuildkitd } from '@fairlead/buildkit';
import type { EngineContext } from '@fairlead/engine';
import { BuildStepNetworks, hostAppArmor, hostGateways } from '@fairlead/engine/build-kit';
import { installedProgram, removeEmptyCgroup } from '@fairlead/runtime';
import { type DaemonOptions, REGISTRY_CERTIFICATES } from './options.ts';

const advice = 'or set DOCKER_BUILDKIT=0 to build with the classic builder';

/** What a client is told whose build needs BuildKit where there is none. */
const notInstalled = `BuildKit needs buildkitd, which is not on the PATH of the daemon: install it, ${advice}`;
/** buildkitd makes containers of its own, and knows nothing of the daemon's users. */
const notRemapped = `BuildKit is not supported together with --userns-remap: run the daemon without that, ${advice}`;

/** What BuildKit shares with the rest of the daemon. */
export interface BuildKitSurroundings {
  readonly options: () => DaemonOptions;
  readonly context: EngineContext;
  readonly containerd: { readonly socket: string; readonly namespace: string };
}

/** BuildKit for this daemon: the buildkitd on its PATH, in its containerd and on its default network. */
export function buildKitService(surroundings: BuildKitSurroundings): BuildKit {
  const { context } = surroundings;
  return new BuildKit({
    settings: () => settings(surroundings),
    networks: new BuildStepNetworks(context),
    keep: (image) => context.images.keepBuilt(image),
    tidy: () => tidy(context),
    logger: context.logger,
  });
}

/** What a buildkitd has left whose daemon was killed: itself, for a moment yet, and what it had mounted. */
export async function recoverBuildKit(options: DaemonOptions, context: EngineContext): Promise<void> {
  const { fileSystems } = context;
  const places = placesOf(options);
  await endBuildkitd(places);
  const isOurs = (path: string) => Object.values(places).some((place) => path.startsWith(`${place}/`));
  for (const path of fileSystems.mountPoints().filter(isOurs).toReversed()) fileSystems.unmount(path);
  await tidy(context);
}

async function settings({ options, context, containerd }: BuildKitSurroundings): Promise<BuildkitdSettings> {
  const program = installedProgram('buildkitd');
  if (program === undefined) throw new FairleadError('not-implemented', notInstalled);
  const { identities, cgroupParent, dns } = context.settings;
  if (identities !== undefined) throw new FairleadError('not-implemented', notRemapped);
  const appArmorProfile = hostAppArmor.profileOf({ asked: undefined, privileged: false });
  await hostAppArmor.require(appArmorProfile);
  const { registryMirrors, insecureRegistries } = options();
  const [hostGateway] = hostGateways(context.settings, context.network);
  return {
    program,
    ...placesOf(options()),
    containerd: { ...containerd, snapshotter: context.containerd.snapshots.snapshotter },
    cgroupParent: cgroupParent || 'fairlead',
    ...(appArmorProfile !== undefined && { appArmorProfile }),
    dns,
    mirrors: registryMirrors,
    insecureRegistries,
    certificates: registryCertificates(),
    ...(hostGateway !== undefined && { hostGateway }),
  };
}

/** Directories with certificates of registries, by their hosts. */
function registryCertificates(): ReadonlyMap<string, string> {
  const hosts = existsSync(REGISTRY_CERTIFICATES) ? readdirSync(REGISTRY_CERTIFICATES) : [];
  return new Map(hosts.map((host) => [host, join(REGISTRY_CERTIFICATES, host)]));
}

/** Images that builds have not got to the end with, and the control group that steps were in. */
async function tidy({ images, settings: { cgroupParent } }: EngineContext): Promise<void> {
  removeEmptyCgroup({ containerId: 'buildkit', parent: cgroupParent });
  await images.dropUnkept();
}

function placesOf({ dataRoot, execRoot }: DaemonOptions) {
  return { root: join(dataRoot, 'buildkit'), state: join(execRoot, 'buildkit') };
}
