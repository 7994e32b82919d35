import { closeSync, constants, existsSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { type IdentityMapping, parseIdentityRanges } from '@fairlead/base';
import { isAlive } from '../container/container-state.ts';
import type { ContainerTable } from '../container/container-table.ts';
import { containerFiles } from '../container/file/container-files.ts';
import { identitiesOf } from '../container/isolation/user-namespace.ts';
import type { ContainerTurns } from '../container/life/patience.ts';
import { containerMounts } from '../container/mount/mount-plan.ts';
import { isProcessOf } from '../container/process/own-process.ts';
import type { EngineContext, EngineSettings } from '../context.ts';
import type { Container } from '../model.ts';
import type { ContainerVolumes } from '../volume/container-volumes.ts';
import type { ContainerMount } from '../volume/volume-model.ts';
import { type BindPlace, O_PATH } from './file-calls.ts';
import { mapLayers } from './mapped-layers.ts';
import { mountPlace } from './mount-place.ts';

/** What opening needs of the engine. */
export interface ContainerRootParts {
  readonly context: EngineContext;
  readonly table: ContainerTable;
  /** Whose turn it is, by container id. */
  readonly turns: ContainerTurns;
  readonly volumes: Pick<ContainerVolumes, 'mountpoint' | 'borrow' | 'openImage'>;
}

/** The root directory of a container, until it is disposed of. */
export interface ContainerRoot extends AsyncDisposable {
  readonly container: Container;
  readonly descriptor: number;
  /** Who its users and groups are in what the descriptor shows; absent where they are the same. */
  readonly identities: IdentityMapping | undefined;
}

/**
 * Open the root directory of a container as the container sees it: that of its process, or, when there is none, its
 * layers with its binds and volumes mounted anew. As long as one without a process is held, it cannot be started.
 *
 * @throws FairleadError `not-found`.
 */
export async function openContainerRoot(parts: ContainerRootParts, reference: string): Promise<ContainerRoot> {
  const { id } = parts.table.find(reference);
  const opened = Promise.withResolvers<ContainerRoot>();
  const turn = parts.turns.run(id, async () => {
    const container = parts.table.find(id);
    const live = isAlive(container) ? openProcessRoot(container) : undefined;
    const borrow = () => parts.turns.patiently(id, {}, (signal) => parts.volumes.borrow(container, signal));
    await using _ = live === undefined ? await borrow() : undefined;
    const { descriptor, identities } = live ?? (await openLayers(parts, container));
    const closed = Promise.withResolvers<void>();
    opened.resolve({
      container,
      descriptor,
      identities,
      async [Symbol.asyncDispose]() {
        closeSync(descriptor);
        closed.resolve();
      },
    });
    if (live === undefined) await closed.promise;
  });
  turn.catch(opened.reject);
  return await opened.promise;
}

type OpenRoot = Pick<ContainerRoot, 'descriptor' | 'identities'>;

/**
 * The whole root file system to be read, as it is on the disk: with the owners that the container sees, without what is
 * mounted in it, whether the container runs or not.
 *
 * @throws FairleadError `not-found`.
 */
export async function openRootFilesystem(context: EngineContext, { id }: Pick<Container, 'id'>): Promise<number> {
  const layers = await context.containerd.snapshots.mounts(id);
  return context.files.openMountTree(mountPlace(context.settings), { layers, readOnly: true, binds: [] });
}

/** @returns `undefined` when the process has ended, and its number may be another's. */
function openProcessRoot({ id, state }: Container): OpenRoot | undefined {
  let descriptor: number;
  let identities: IdentityMapping | undefined;
  try {
    descriptor = openSync(`/proc/${state.pid}/root`, O_PATH | constants.O_DIRECTORY);
    identities = identitiesOfProcess(state.pid);
  } catch {
    return undefined;
  }
  if (isProcessOf(id, state.pid)) return { descriptor, identities };
  closeSync(descriptor);
  return undefined;
}

/** `undefined` for one that is in our own user namespace. */
function identitiesOfProcess(pid: number): IdentityMapping | undefined {
  if (readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user')) return undefined;
  const ranges = (name: string) => parseIdentityRanges(readFileSync(`/proc/${pid}/${name}`, 'utf8'));
  return { users: ranges('uid_map'), groups: ranges('gid_map') };
}

async function openLayers(parts: ContainerRootParts, container: Container): Promise<OpenRoot> {
  const { containerd, files, settings } = parts.context;
  const identities = identitiesOf(container.config, settings);
  const layers = mapLayers(parts.context, await containerd.snapshots.mounts(container.id), identities);
  using held = new DisposableStack();
  const images = new Map<ContainerMount, string>();
  for (const mount of containerMounts(container)) {
    if (mount.mountedImage === undefined) continue;
    images.set(mount, held.use(await parts.volumes.openImage(container, mount)).path);
  }
  const binds = bindsOf(container, settings, (mount) => images.get(mount) ?? sourceOf(parts, mount, held));
  const descriptor = files.openMountTree(mountPlace(settings), { layers, readOnly: false, binds });
  return { descriptor, identities };
}

/** What of the host is in a container, parents before what lies below them; without what is gone. */
function bindsOf(
  container: Container,
  settings: EngineSettings,
  sourceOf: (mount: ContainerMount) => string | undefined,
): BindPlace[] {
  const asked = containerMounts(container)
    .filter(({ type }) => type !== 'tmpfs')
    .map((mount) => ({ source: sourceOf(mount), target: mount.target, readOnly: mount.readOnly }));
  const { resolvConf, hostname, hosts } = containerFiles(settings, container.id);
  // One that has never been started has none of them yet: they are empty there.
  const own = Object.entries({ '/etc/resolv.conf': resolvConf, '/etc/hostname': hostname, '/etc/hosts': hosts })
    .filter(([target]) => asked.every((mount) => mount.target !== target))
    .map(([target, file]) => ({ source: existsSync(file) ? file : undefined, target, readOnly: false }));
  const present = asked.filter(({ source }) => source !== undefined && existsSync(source));
  return [...own, ...present].toSorted((a, b) => a.target.split('/').length - b.target.split('/').length);
}

/**
 * A part of a volume is named by a descriptor: links that somebody has put in its way do not lead out of the volume.
 *
 * @returns `undefined` for a part that is not there. Its path must not be tried: the host's root would be where links begin.
 */
function sourceOf(
  { context, volumes }: ContainerRootParts,
  mount: ContainerMount,
  held: DisposableStack,
): string | undefined {
  if (mount.volumeName === undefined) return mount.source;
  const root = volumes.mountpoint(mount.volumeName);
  const subpath = mount.volume?.subpath;
  if (!subpath || !existsSync(root)) return root;
  const volume = held.adopt(openSync(root, O_PATH | constants.O_DIRECTORY), closeSync);
  try {
    const part = context.files.openInRoot(volume, Buffer.from(subpath), O_PATH);
    return `/proc/self/fd/${held.adopt(part, closeSync)}`;
  } catch {
    return undefined;
  }
}
