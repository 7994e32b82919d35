import type { RegistrySettings } from '@fairlead/registry';
import type { Containerd } from '@fairlead/runtime';
import type { ImageUser } from './image-removal.ts';

/** Something that happened to an image; the engine adds type and time. */
export interface ImageEvent {
  readonly action: 'pull' | 'load' | 'import' | 'save' | 'push' | 'tag' | 'untag' | 'delete';
  /** Image ID; for a pull or push the reference, as in Docker. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What images need from the rest of the engine. */
export interface ImagesOptions {
  readonly containerd: Pick<Containerd, 'images' | 'content' | 'layers' | 'leases' | 'snapshots' | 'differ'>;
  readonly registry: RegistrySettings;
  /** Folder of what need not outlive a reboot. */
  readonly execRoot: string;
  /** Layers that are fetched and sent at once; the usual numbers unless given. */
  readonly concurrency?: () => { readonly downloads: number; readonly uploads: number };
  readonly emit: (event: ImageEvent) => void;
  /** Containers made of the image with this ID. */
  readonly usedBy: (imageId: string) => readonly ImageUser[];
}
