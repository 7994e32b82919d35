/** A `--mount`. */
export interface MountRequest {
  readonly type: 'bind' | 'volume' | 'image' | 'tmpfs';
  /** Path on the host, name of a volume, or an image. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation?: string;
  /** What it asks of a cache that there is none of on Linux: shown again. */
  readonly consistency?: string;
  readonly bind?: BindMountOptions;
  /** Bytes, for tmpfs. */
  readonly size?: number;
  /** Of the root of a tmpfs; absent leaves them to the kernel. */
  readonly permissions?: number;
  /** Further options of a tmpfs, each a name, or a name and a value. */
  readonly tmpfsOptions?: readonly (readonly string[])[];
  readonly volume?: VolumeMountOptions;
  readonly image?: ImageMountOptions;
}

/** What a `--mount type=bind` says besides its propagation. */
export interface BindMountOptions {
  /** Leave out what is mounted below the source. */
  readonly nonRecursive: boolean;
  /** Make the source when it is not there. */
  readonly createMountpoint: boolean;
  /** Of a read-only mount: leave writable what is mounted below the source. */
  readonly readOnlyNonRecursive: boolean;
  /** Of a read-only mount: rather do not start than leave that writable. */
  readonly readOnlyForceRecursive: boolean;
}

/** What a `--mount type=volume` says of its volume. */
export interface VolumeMountOptions {
  /** Leave an empty volume empty. */
  readonly noCopy: boolean;
  /** For a volume that has to be made. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly driver?: { readonly name: string; readonly options?: Readonly<Record<string, string>> };
  /** Directory of the volume that is mounted in its place; empty means its root. */
  readonly subpath: string;
}

/** What a `--mount type=image` says of its image. */
export interface ImageMountOptions {
  /** File or directory of the image that is mounted in its place; empty means its root. */
  readonly subpath: string;
}

/** An image that a container has mounted: its name may mean another one later. */
export interface MountedImage {
  readonly id: string;
  /** Chain ID of its uppermost layer; '' for one without layers. */
  readonly chainId: string;
}

/** A mount of a container, settled when that is made. */
export interface ContainerMount extends MountRequest {
  /** Options as inspect shows them. */
  readonly mode: string;
  /** Name of the volume; absent for binds and tmpfs. An anonymous one has no `source`. */
  readonly volumeName?: string;
  /** Driver of the volume; absent in containers made before there were others than `local`. */
  readonly driver?: string;
  readonly mountedImage?: MountedImage;
  /** The image's content is still to be copied into the volume. */
  readonly awaitsContent?: true;
}

/** A volume as the store holds it: a directory of its own, what its options mount there, or a plugin's. */
export interface Volume {
  /** Its name. */
  readonly id: string;
  /** `local`, or a plugin: the volume is in that one's books, and this is what was said when it was made. */
  readonly driver: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** `null` when nobody asked for any, which clients tell from none. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly options: Readonly<Record<string, string>> | null;
  /** Where its plugin has said last that the content is. */
  readonly mountpoint?: string;
}
