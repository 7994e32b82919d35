import { chainIds, type Digest, type ImageConfig, parseImageConfig } from '@fairlead/registry';
import type { Containerd } from '@fairlead/runtime';
import type { Json } from '../json.ts';
import { BoundedCache } from './bounded-cache.ts';

/** What an image is, apart from its names: never changes. */
export interface ImageDetails {
  readonly id: string;
  /** Milliseconds since the epoch; 0 when the image does not say. */
  readonly created: number;
  /** Snapshots of the layers, lowest first. */
  readonly chain: readonly Digest[];
  /** Bytes that each layer takes, lowest first. */
  readonly layerSizes: readonly number[];
  readonly imageConfig: ImageConfig;
  /** The same as it is written. */
  readonly document: Readonly<Record<string, Json>>;
}

/** Reads images. They are named by their content, so what has been read once need not be read again. */
export class ImageReader {
  readonly #containerd: Pick<Containerd, 'content' | 'snapshots'>;
  readonly #details = new BoundedCache<ImageDetails>(1000);
  readonly #sizes = new BoundedCache<number>(10_000);

  constructor(containerd: Pick<Containerd, 'content' | 'snapshots'>) {
    this.#containerd = containerd;
  }

  /** Everything about the image with this id. @throws FairleadError `not-found`. */
  read(id: string): Promise<ImageDetails> {
    return this.#details.get(id, () => this.#load(id));
  }

  /** The same when it was read before; never waits. */
  peek(id: string): ImageDetails | undefined {
    return this.#details.peek(id);
  }

  async #load(id: string): Promise<ImageDetails> {
    const bytes = await this.#containerd.content.readAll(id);
    const imageConfig = parseImageConfig(bytes);
    const chain = chainIds(imageConfig.rootfs.diff_ids);
    const layerSizes = await Promise.all(chain.map((layer) => this.#layerSize(layer)));
    const document: Readonly<Record<string, Json>> = JSON.parse(bytes.toString('utf8'));
    return { id, created: timeOf(imageConfig.created), chain, layerSizes, imageConfig, document };
  }

  #layerSize(chainId: string): Promise<number> {
    return this.#sizes.get(chainId, async () => (await this.#containerd.snapshots.usage(chainId)).size);
  }
}

/** Milliseconds since the epoch of an RFC 3339 time; 0 for none or an unreadable one. */
export function timeOf(text: string | undefined): number {
  return (text !== undefined && Date.parse(text)) || 0;
}
