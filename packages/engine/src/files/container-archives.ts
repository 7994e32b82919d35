import { closeSync, constants } from 'node:fs';
import { FairleadError, type IdentityMapping, messageOf } from '@fairlead/base';
import { decompressed, tarEnd } from '@fairlead/registry/tar';
import { resolveUser } from '@fairlead/runtime/spec';
import { containerEvent } from '../container/container-event.ts';
import { containerMounts } from '../container/mount/mount-plan.ts';
import { heldStream } from '../held-stream.ts';
import type { Container } from '../model.ts';
import { ArchiveExtractor } from './archive-extractor.ts';
import { mountAbove, splitPath } from './archive-path.ts';
import {
  type ContainerRoot,
  type ContainerRootParts,
  openContainerRoot,
  openRootFilesystem,
} from './container-root.ts';
import { below, errnoName, O_PATH, pathBytes, textPath } from './file-calls.ts';
import type { ExtractOptions, FileChange, FileService, PathStat } from './file-port.ts';
import { filesystemChanges } from './filesystem-changes.ts';
import { whileThere } from './layer-presence.ts';
import { isMissingPath, missingFile, type RootView, realPath, requestedPath, statInRoot } from './path-stat.ts';
import { readSmallFile } from './small-file.ts';
import { TreePacker } from './tree-packer.ts';

/** Files of containers as the API asks for them. */
export class ContainerArchives implements FileService {
  readonly #parts: ContainerRootParts;

  constructor(parts: ContainerRootParts) {
    this.#parts = parts;
  }

  async stat(reference: string, path: string): Promise<PathStat> {
    await using root = await openContainerRoot(this.#parts, reference);
    return inDockersWords(path, reference, () => statInRoot(this.#view(root), requestedPath(path)));
  }

  async read(reference: string, path: string) {
    await using parts = new AsyncDisposableStack();
    const root = parts.use(await openContainerRoot(this.#parts, reference));
    const absolute = requestedPath(path);
    const view = this.#view(root);
    const stat = inDockersWords(path, reference, () => statInRoot(view, absolute));
    // A directory is read from within, so that a link with a slash behind it is followed.
    const isDirectory = (stat.mode & constants.S_IFMT) === constants.S_IFDIR;
    const [directory, name] = isDirectory ? [absolute, ''] : splitPath(absolute);
    const descriptor = inDockersWords(path, reference, () =>
      this.#calls.openInRoot(root.descriptor, pathBytes(directory), O_PATH | constants.O_DIRECTORY),
    );
    parts.defer(() => closeSync(descriptor));
    this.#parts.context.events.emit(containerEvent(root.container, 'archive-path'));
    const top = Buffer.from(stat.name, 'utf8').toString('latin1');
    return { stat, archive: this.#pack(below(descriptor, name), top, parts.move(), root.identities) };
  }

  async extract(
    reference: string,
    path: string,
    archive: AsyncIterable<Uint8Array>,
    options: ExtractOptions,
  ): Promise<void> {
    await using root = await openContainerRoot(this.#parts, reference);
    const view = this.#view(root);
    const destination = realPath(view, requestedPath(path));
    requireDirectory(path, reference, view, destination);
    requireWritable(root.container, textPath(destination));
    // As in dockerd, who has no user of its own leaves the archive's owners.
    const owner = options.ownedByUser && root.container.user !== '' ? ownerOf(view, root.container) : undefined;
    const { descriptor, identities } = root;
    const target = { root: descriptor, path: destination, keepKinds: options.keepKinds, owner, identities };
    try {
      await new ArchiveExtractor(this.#calls, target).extract(await decompressed(archive));
    } catch (error) {
      throw extractionError(error, path, reference);
    }
    this.#parts.context.events.emit(containerEvent(root.container, 'extract-to-dir'));
  }

  async export(reference: string): Promise<AsyncIterable<Uint8Array>> {
    const { context, table } = this.#parts;
    await using parts = new AsyncDisposableStack();
    const { container, descriptor } = await whileThere(table, reference, async (found) => ({
      container: found,
      descriptor: await openRootFilesystem(context, found),
    }));
    parts.defer(() => closeSync(descriptor));
    context.events.emit(containerEvent(container, 'export'));
    return this.#pack(below(descriptor, ''), '', parts.move());
  }

  async changes(reference: string): Promise<readonly FileChange[]> {
    const { context, table } = this.#parts;
    return await whileThere(table, reference, (container) => filesystemChanges(context, container));
  }

  get #calls() {
    return this.#parts.context.files;
  }

  #view({ descriptor }: ContainerRoot): RootView {
    return { descriptor, calls: this.#calls };
  }

  #pack(
    place: string,
    name: string,
    held: AsyncDisposableStack,
    identities?: IdentityMapping,
  ): AsyncIterable<Uint8Array> {
    return heldStream(pack(new TreePacker(this.#calls, identities), place, name), held);
  }
}

async function* pack(packer: TreePacker, place: string, name: string): AsyncGenerator<Uint8Array> {
  yield* packer.pack(place, name);
  yield tarEnd;
}

/** @throws FairleadError in Docker's words. */
function requireDirectory(path: string, reference: string, view: RootView, destination: string): void {
  const { mode } = inDockersWords(path, reference, () => statInRoot(view, destination));
  if ((mode & constants.S_IFMT) === constants.S_IFDIR) return;
  throw new FairleadError('invalid-argument', 'extraction point is not a directory');
}

/** @throws FairleadError `forbidden` for what the container may not write to either. */
function requireWritable(container: Container, path: string): void {
  const { config } = container;
  const mount = mountAbove(path, containerMounts(container));
  if (mount?.readOnly) throw new FairleadError('forbidden', 'mounted volume is marked read-only');
  if (mount === undefined && config.host.readonlyRootfs) {
    throw new FairleadError('forbidden', 'container rootfs is marked read-only');
  }
}

function ownerOf(view: RootView, { user }: Container): { readonly uid: number; readonly gid: number } {
  const [passwd, group] = ['/etc/passwd', '/etc/group'].map((path) => readSmallFile(view, path));
  const { uid, gid } = resolveUser(user, passwd ?? '', group ?? '');
  return { uid, gid };
}

function inDockersWords<T>(path: string, reference: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw pathError(error, path, reference);
  }
}

/** A path that leads through a file, or has a slash behind one, is to Docker no path that is missing. */
function pathError(error: unknown, path: string, reference: string): unknown {
  if (errnoName(error) === 'ENOTDIR') {
    const message = `lstat ${textPath(requestedPath(path))}: not a directory`;
    return new FairleadError('invalid-argument', message, { cause: error });
  }
  return isMissingPath(error) ? missingFile(path, reference, error) : error;
}

function extractionError(error: unknown, path: string, reference: string): unknown {
  if (error instanceof FairleadError) return error;
  if (isMissingPath(error)) return missingFile(path, reference, error);
  const refused = ['EACCES', 'EPERM', 'EROFS'].includes(errnoName(error));
  return new FairleadError(refused ? 'forbidden' : 'internal', messageOf(error), { cause: error });
}
