import { FairleadError } from '@fairlead/base';
import { familiarText } from '@fairlead/registry';
import { containerEvent } from '../container/container-event.ts';
import type { ContainerTable } from '../container/container-table.ts';
import type { Containers } from '../container/containers.ts';
import type { EngineContext } from '../context.ts';
import type { Container, ContainerStatus } from '../model.ts';
import type { CommitOptions } from './commit-port.ts';
import { newTag } from './image-lookup.ts';

/** What {@link commitContainer} works with. */
export interface CommitParts {
  readonly context: {
    readonly images: Pick<EngineContext['images'], 'commit'>;
    readonly events: Pick<EngineContext['events'], 'emit'>;
    readonly containerd: { readonly tasks: Pick<EngineContext['containerd']['tasks'], 'get'> };
  };
  readonly table: ContainerTable;
  readonly containers: Pick<Containers, 'pause' | 'unpause'>;
}

/**
 * Make an image of a container, running or not.
 *
 * @returns the image's ID.
 * @throws FairleadError `conflict` for a container that is going, `invalid-argument` for a name or change that is none.
 */
export async function commitContainer(parts: CommitParts, reference: string, options: CommitOptions): Promise<string> {
  const { context, table } = parts;
  const container = table.find(reference);
  requireWhole(container);
  const name = options.repository ? newTag(options.repository, options.tag ?? '') : undefined;
  await using frozen = new AsyncDisposableStack();
  if (options.pause && container.state.status === 'running') {
    if (await isPaused(parts, container.id)) frozen.defer(() => goOn(parts, container.id));
  }
  const imageId = await context.images.commit(container, options, name);
  const imageRef = name === undefined ? '' : familiarText(name);
  context.events.emit(containerEvent(container, 'commit', { comment: options.message, imageID: imageId, imageRef }));
  return imageId;
}

/** One that has ended meanwhile stands as still as one that is paused. */
async function isPaused(parts: CommitParts, id: string): Promise<boolean> {
  try {
    await parts.containers.pause(id);
    return true;
  } catch (error) {
    if (await isStill(parts, id, 'running')) throw error;
    return false;
  }
}

/** One that was about to end when it was paused may have ended since, and somebody may have let it go on before. */
async function goOn(parts: CommitParts, id: string): Promise<void> {
  try {
    await parts.containers.unpause(id);
  } catch (error) {
    if (await isStill(parts, id, 'paused')) throw error;
  }
}

/** One whose end is about to be told is not. */
async function isStill({ context, table }: CommitParts, id: string, status: ContainerStatus): Promise<boolean> {
  if (table.get(id)?.state.status !== status) return false;
  const task = await context.containerd.tasks.get({ containerId: id }).catch(() => undefined);
  return task !== undefined && task.state !== 'stopped';
}

function requireWhole({ id, state }: Container): void {
  const states = { dead: 'Dead', removing: 'being removed' } as const;
  const word = state.status === 'dead' || state.status === 'removing' ? states[state.status] : undefined;
  if (word !== undefined) throw new FairleadError('conflict', `You cannot commit container ${id} which is ${word}`);
}
