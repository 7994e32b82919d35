import { createHash } from 'node:crypto';
import { lateModule, settleAll } from '@fairlead/base';
import { ignoreMissing } from '../container/container-state.ts';
import { identitiesOf } from '../container/isolation/user-namespace.ts';
import { containerMounts } from '../container/mount/mount-plan.ts';
import type { EngineContext } from '../context.ts';
import type { Container } from '../model.ts';
import { partOfImage } from './image-part.ts';
import { openView, type PlacedView } from './image-view.ts';
import type { ContainerMount } from './volume-model.ts';

const mappedLayers = lateModule(() => import('../files/mapped-layers.ts'));

type Context = Pick<EngineContext, 'containerd' | 'images' | 'fileSystems' | 'mountWithIdentities' | 'settings'>;

/**
 * Images that containers have mounted (`--mount type=image`). A read-only view in containerd, one for each mount, keeps an
 * image's layers for as long as the container exists, whatever becomes of the image. In the host it is mounted only while
 * somebody takes it over from there: a start, or a copy from a container that does not run.
 */
export class MountedImages {
  readonly #context: Context;
  readonly #folder: string;

  /** @param folder where views are mounted; short, for the kernel's sake. */
  constructor(context: Context, folder: string) {
    this.#context = context;
    this.#folder = folder;
  }

  /**
   * Mounts with the images that they mean now. Those that were taken over from another container have theirs.
   *
   * @throws FairleadError `not-found` in Docker's words.
   */
  async settle(mounts: readonly ContainerMount[]): Promise<ContainerMount[]> {
    return await Promise.all(
      mounts.map(async (mount) => {
        if (mount.type !== 'image' || mount.mountedImage !== undefined) return mount;
        const { image, chainId } = await this.#context.images.resolveForCreate(mount.source);
        return { ...mount, readOnly: true, mountedImage: { id: image.id, chainId } };
      }),
    );
  }

  /** Keep the layers of what a new container mounts. */
  async keep(container: Container): Promise<void> {
    for (const [key, chainId] of viewsOf(container)) await this.#context.containerd.snapshots.viewRoot(key, chainId);
  }

  /** Let go of them. */
  async letGo(container: Container): Promise<void> {
    const { snapshots } = this.#context.containerd;
    await settleAll([...viewsOf(container).keys()].map((key) => () => snapshots.remove(key).catch(ignoreMissing)));
  }

  /**
   * Have the content of a mounted image, or the part of it that is wanted, at a path of the host.
   *
   * @throws FairleadError in Docker's words for a part that is not there, or leads out of the image.
   */
  async open(container: Container, { target, image }: ContainerMount): Promise<PlacedView> {
    const { containerd, fileSystems, settings } = this.#context;
    const layers = await containerd.snapshots.mounts(viewKey(container.id, target));
    const identities = identitiesOf(container.config, settings);
    const owned = identities && (await mappedLayers()).mapLayers(this.#context, layers, identities);
    using stack = new DisposableStack();
    const view = stack.use(await openView(owned ?? layers, this.#folder, fileSystems));
    // Nothing in it can be changed: what the path leads to now, it leads to when the runtime looks.
    const path = partOfImage(view.path, image?.subpath ?? '');
    const held = stack.move();
    return { path, [Symbol.dispose]: () => held.dispose() };
  }
}

/** The container that a view of {@link MountedImages} belongs to; `undefined` for other snapshots. */
export function ownerOfView(key: string): string | undefined {
  return /^([0-9a-f]{64})-image-[0-9a-f]{12}$/.exec(key)?.[1];
}

/** Keys of a container's views, with the layers that they are of. */
function viewsOf(container: Container): Map<string, string> {
  const views = new Map<string, string>();
  for (const { target, mountedImage } of containerMounts(container)) {
    if (mountedImage !== undefined) views.set(viewKey(container.id, target), mountedImage.chainId);
  }
  return views;
}

function viewKey(containerId: string, target: string): string {
  const digest = createHash('sha256').update(target).digest('hex');
  return `${containerId}-image-${digest.slice(0, 12)}`;
}
