import { FairleadError, newIdentifier } from '@fairlead/base';
import type { Image, ImageRemoval, ImageService, LoadOptions, Progress, RegistryAuth } from '@fairlead/engine';

/** Images in memory. Any name can be pulled, except those with `missing` in them. */
export class FakeImages implements ImageService {
  readonly #images = new Map<string, Image>();
  /** Credentials of the last pull. */
  lastAuth: RegistryAuth | undefined;
  /** What the last load was limited to. */
  lastPlatform: string | undefined;
  /** Bytes of the last archive that was loaded or imported. */
  receivedBytes = 0;

  /** Put an image there. */
  add(tag: string): Image {
    const image = makeImage(tag);
    this.#images.set(image.id, image);
    return image;
  }

  async list(): Promise<readonly Image[]> {
    return [...this.#images.values()];
  }

  async layersSize(): Promise<number> {
    return [...this.#images.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async inspect(reference: string): Promise<Image> {
    return this.find(reference);
  }

  /** @throws FairleadError `not-found` in Docker's words. */
  find(reference: string): Image {
    const name = familiar(reference);
    const found = [...this.#images.values()].find(
      ({ id, tags }) => tags.includes(name) || id === reference || id.slice(7).startsWith(reference),
    );
    if (found === undefined) throw new FairleadError('not-found', `No such image: ${name}`);
    return found;
  }

  async history(reference: string) {
    const { id, created, tags, size } = this.find(reference);
    return [{ id, created, createdBy: '/bin/sh -c #(nop) ADD file', size, comment: '', tags }];
  }

  async tag(source: string, repository: string, tag: string): Promise<void> {
    const image = this.find(source);
    this.#images.set(image.id, { ...image, tags: [...image.tags, `${repository}:${tag}`] });
  }

  async remove(reference: string): Promise<readonly ImageRemoval[]> {
    const image = this.find(reference);
    this.#images.delete(image.id);
    return [...image.tags.map((untagged) => ({ untagged })), { deleted: image.id }];
  }

  async *pull(reference: string, options: { readonly auth?: RegistryAuth }): AsyncGenerator<Progress> {
    this.lastAuth = options.auth;
    const name = familiar(reference);
    if (name.includes('missing')) {
      throw new FairleadError('not-found', `manifest for ${name} not found: manifest unknown: manifest unknown`);
    }
    yield { status: `Pulling from ${name.split(':')[0]}`, id: name.split(':').at(-1) ?? 'latest' };
    yield { status: 'Downloading', id: '4f4fb700ef54', current: 512, total: 1024 };
    if (name.includes('broken')) throw new FairleadError('unavailable', 'unexpected EOF');
    yield { status: 'Pull complete', id: '4f4fb700ef54' };
    this.add(name);
    yield { status: `Status: Downloaded newer image for ${name}` };
  }

  async save(references: readonly string[]): Promise<AsyncIterable<Uint8Array>> {
    const found = references.map((reference) => this.find(reference));
    return (async function* () {
      for (const { id } of found) yield Buffer.from(`${id}\n`);
    })();
  }

  async *push(
    repository: string,
    options: { readonly tag?: string; readonly auth?: RegistryAuth },
  ): AsyncGenerator<Progress> {
    this.lastAuth = options.auth;
    const tag = options.tag ?? 'latest';
    const { id } = this.find(`${repository}:${tag}`);
    yield { status: `The push refers to repository [docker.io/library/${repository}]` };
    yield { status: 'Pushed', id: '4f4fb700ef54' };
    yield { pushed: { tag, digest: id, size: 528 } };
  }

  async *load(archive: AsyncIterable<Uint8Array>, { platform }: LoadOptions): AsyncGenerator<Progress> {
    this.lastPlatform = platform;
    await this.#receive(archive);
    const { tags } = this.add('loaded:latest');
    yield { stream: `Loaded image: ${tags[0]}\n` };
  }

  async *import(
    archive: AsyncIterable<Uint8Array>,
    options: { readonly repository?: string; readonly tag?: string },
  ): AsyncGenerator<Progress> {
    await this.#receive(archive);
    yield { status: this.add(`${options.repository ?? 'imported'}:${options.tag ?? 'latest'}`).id };
  }

  async #receive(archive: AsyncIterable<Uint8Array>): Promise<void> {
    this.receivedBytes = 0;
    for await (const chunk of archive) this.receivedBytes += chunk.length;
  }
}

function familiar(reference: string): string {
  const short = reference.replace(/^docker\.io\/(library\/)?/, '');
  return /:[^/]*$/.test(short) ? short : `${short}:latest`;
}

function makeImage(tag: string): Image {
  const run = { Env: ['PATH=/bin'], Cmd: ['sh'], Labels: { vendor: 'fake' }, ExposedPorts: { '80/tcp': {} } };
  return {
    id: `sha256:${newIdentifier()}`,
    tags: [tag],
    digests: [`${tag.split(':')[0]}@sha256:${newIdentifier()}`],
    created: Date.now() - 86_400_000,
    size: 4_321_000,
    architecture: 'amd64',
    os: 'linux',
    layers: [`sha256:${newIdentifier()}`],
    layerSizes: [5],
    config: { architecture: 'amd64', os: 'linux', config: run, author: 'nobody' },
  };
}
