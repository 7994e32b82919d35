import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import { FairleadError, messageOf, type Owner } from '@fairlead/base';
import type { Container } from '../../model.ts';
import type { ContainerMount, MountedImage, MountRequest } from '../../volume/volume-model.ts';
import type { ContainerConfig } from '../configuration/container-config.ts';
import type { MountView } from '../container-port.ts';
import { parseBind } from './bind.ts';

/** A mount that was asked for, by whichever option, with the mode text that inspect shows. */
export type PlannedMount = MountRequest & { readonly mode: string };

/** What a container has mounted. */
export function containerMounts({ mounts, config }: Pick<Container, 'mounts' | 'config'>): readonly ContainerMount[] {
  return mounts ?? plannedMounts(config);
}

/**
 * Everything that a request wants mounted by its own options. At one place there may be what `--mount` and `--tmpfs` ask for: a
 * tmpfs of the former hides the latter, and anything else is hidden by it, as in Docker (moby, daemon/volumes.go,
 * container_unix.go).
 *
 * @throws FairleadError `invalid-argument` in words that name the mount.
 */
export function plannedMounts(config: Pick<ContainerConfig, 'host'>): PlannedMount[] {
  const { binds, mounts, tmpfs } = config.host;
  const bound = binds.map(parseBind);
  const mounted = mounts.map((mount) => ({ ...mount, mode: '' }));
  const inMemory = Object.entries(tmpfs).map(([target, mode]) => tmpfsMount(target, mode));
  for (const mount of [...bound, ...mounted, ...inMemory]) requireUsable(mount);
  requireApart([...bound, ...mounted]);
  requireApart([...bound, ...inMemory]);
  return [...bound, ...mounted, ...inMemory.filter(({ target }) => !hasOwnTmpfs(config, target))];
}

/** True where `--mount` asks for a tmpfs at this place. */
export function hasOwnTmpfs({ host }: Pick<ContainerConfig, 'host'>, target: string): boolean {
  return host.mounts.some((mount) => mount.type === 'tmpfs' && mount.target === target);
}

function requireApart(mounts: readonly PlannedMount[]): void {
  const targets = mounts.map(({ target }) => target);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw new FairleadError('invalid-argument', `Duplicate mount point: ${twice}`);
}

/**
 * A bind that shows the engine's own files must let go of what is unmounted there, or it could not be removed as long as
 * the container runs: unless it says so, it is told (moby, daemon/volumes_linux.go).
 *
 * @throws FairleadError `invalid-argument` in Docker's words for one that is to hold on to it.
 */
export function lettingGo(mount: PlannedMount, dataRoot: string): PlannedMount {
  const { type, source, propagation } = mount;
  if (type !== 'bind' || !(isWithin(source, dataRoot) || isWithin(dataRoot, source))) return mount;
  if (propagation === undefined) return { ...mount, propagation: 'rslave' };
  if (['rslave', 'rshared'].includes(propagation)) return mount;
  const rule =
    'must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, ' +
    `daemon root: ${JSON.stringify(dataRoot)}, bind mount source: ${JSON.stringify(source)}, ` +
    `propagation: ${JSON.stringify(propagation)}`;
  throw new FairleadError('invalid-argument', `invalid mount config: ${rule}`);
}

/**
 * Check that the host's side of binds that are to pass mounts on can do so; to be called when the container starts.
 *
 * @param mountTable text of /proc/self/mountinfo (proc_pid_mountinfo(5)); read when there is such a bind.
 * @throws FairleadError `internal`, as in Docker (moby, daemon/oci_linux.go).
 */
export function requirePropagation(
  config: Pick<ContainerConfig, 'host'>,
  mountTable = () => readFileSync('/proc/self/mountinfo', 'utf8'),
): void {
  for (const { type, source, propagation = 'rprivate' } of plannedMounts(config)) {
    if (type !== 'bind' || propagation.endsWith('private')) continue;
    const { place, tags } = mountOf(realpathSync(source), mountTable());
    const receives = propagation.endsWith('slave');
    if (tags.some((tag) => tag.startsWith('shared:') || (receives && tag.startsWith('master:')))) continue;
    const wanted = receives ? 'shared or slave' : 'shared';
    throw new FairleadError('internal', `path ${source} is mounted on ${place} but it is not a ${wanted} mount`);
  }
}

/** The mount that a path is on, and what it passes on to whom. Of mounts at one place the last one is on top. */
function mountOf(path: string, table: string): { readonly place: string; readonly tags: readonly string[] } {
  let found = { place: '', tags: [] as readonly string[] };
  for (const line of table.split('\n')) {
    const [, , , , place = '', , ...rest] = line.split(' ');
    if (place === '' || place.length < found.place.length || !isWithin(path, place)) continue;
    found = { place, tags: rest.slice(0, rest.indexOf('-')) };
  }
  return found;
}

function isWithin(path: string, directory: string): boolean {
  return `${path}/`.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/**
 * `-v` makes the directory that it names, as Docker does; `--mount` only when it says so.
 *
 * @param root whom it belongs to: who is root in the container; absent means the host's.
 * @throws FairleadError `internal` in Docker's words when it cannot be made.
 */
export function makeBindSources(config: Pick<ContainerConfig, 'host'>, root?: Owner): void {
  const { binds, mounts } = config.host;
  for (const { type, source } of [...binds.map(parseBind), ...mounts.filter(({ bind }) => bind?.createMountpoint)]) {
    if (type === 'bind' && !existsSync(source)) makeBindSource(source, root);
  }
}

function makeBindSource(source: string, root: Owner | undefined): void {
  try {
    const first = mkdirSync(source, { recursive: true });
    if (root === undefined || first === undefined) return;
    for (let made = source; made.length >= first.length; made = dirname(made)) chownSync(made, root.uid, root.gid);
  } catch (error) {
    const reason = `error while creating mount source path '${source}': ${reasonOf(error)}`;
    throw new FairleadError('internal', reason, { cause: error });
  }
}

/** As Go's os.MkdirAll says it: the path that is in the way, and the system's words. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return messageOf(error);
  const path = 'path' in error ? obstacleOf(String(error.path)) : '';
  return `mkdir ${path}: ${getSystemErrorMessage(error.errno)}`;
}

function obstacleOf(path: string): string {
  let current = path;
  while (current !== '/' && !existsSync(current)) current = dirname(current);
  return current;
}

/**
 * As inspect shows a mount.
 *
 * @param mountpoint where the content of a volume is.
 */
export function mountView(mount: ContainerMount, mountpoint: (volume: string) => string): MountView {
  const { volumeName, mountedImage } = mount;
  if (mountedImage !== undefined) return imageMountView(mount, mountedImage);
  const source = mount.type === 'tmpfs' ? '' : mount.source;
  return {
    type: mount.type,
    ...(volumeName !== undefined && { name: volumeName, driver: mount.driver ?? 'local' }),
    source: volumeName === undefined ? source : mountpoint(volumeName),
    destination: mount.target,
    mode: mount.type === 'tmpfs' ? '' : mount.mode,
    readWrite: !mount.readOnly,
    propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  };
}

/** Outside of the container an image is not mounted for long: in the place of a path there is its ID. */
function imageMountView({ type, source, target, mode }: ContainerMount, { id }: MountedImage): MountView {
  const propagation = 'rprivate';
  return { type, name: source, source: id, destination: target, mode, readWrite: false, propagation };
}

function tmpfsMount(target: string, mode: string): PlannedMount {
  return { type: 'tmpfs', source: '', target, mode, readOnly: mode.split(',').includes('ro') };
}

/** Of `-v` and `--mount` that is known already: the words are those for `--tmpfs` (moby, daemon/daemon_unix.go). */
function requireUsable({ target }: PlannedMount): void {
  const fault = !target.startsWith('/')
    ? `invalid mount path: '${target}' mount path must be absolute`
    : resolve(target) === '/' && "invalid specification: destination can't be '/'";
  if (fault) throw new FairleadError('invalid-argument', fault);
}

/**
 * Check that the sources of `--mount type=bind` are there.
 *
 * @throws FairleadError `invalid-argument`.
 */
export function requireBindSources(config: Pick<ContainerConfig, 'host'>): void {
  for (const { type, source, bind } of config.host.mounts) {
    if (type !== 'bind' || bind?.createMountpoint || existsSync(source)) continue;
    const reason = `bind source path does not exist: ${source}`;
    throw new FairleadError('invalid-argument', `invalid mount config for type "bind": ${reason}`);
  }
}
