import type { GivenArguments } from '@fairlead/dockerfile';
import type { HostConfig } from '../container/configuration/container-config.ts';
import type { Progress, RegistryAuth } from '../progress-port.ts';

/** An image that is to be built. */
export interface BuildOptions {
  /** Path of the Dockerfile in the context; '' means `Dockerfile`. */
  readonly dockerfile: string;
  /** Names of the image. */
  readonly tags: readonly string[];
  readonly arguments: GivenArguments;
  /** Given to the last stage. */
  readonly labels: Readonly<Record<string, string>>;
  /** Stage to stop at: its name or number; '' means the last one. */
  readonly target: string;
  readonly platform: string;
  readonly noCache: boolean;
  /** Images whose steps may be taken over. */
  readonly cacheFrom: readonly string[];
  /** Ask the registry for images that are here already. */
  readonly pull: boolean;
  /** Remove the container of a step that went well. */
  readonly remove: boolean;
  /** Remove it in any case. */
  readonly forceRemove: boolean;
  /** How the containers of `RUN` are run. */
  readonly host: HostConfig;
  /** As with Docker nobody looks whether {@link host} can be before a step needs a container. @throws FairleadError. */
  readonly requireHost: () => void;
  /** Credentials by the registry's host, `docker.io` for the default one. */
  readonly credentials: ReadonlyMap<string, RegistryAuth>;
  /** Raised when nobody waits for the image any more. */
  readonly signal: AbortSignal;
}

/** Makes images as Dockerfiles say. */
export interface BuildService {
  /**
   * Build an image. What is wrong with the Dockerfile or the context is thrown before anything is reported.
   *
   * @param context a tar archive, plain or compressed.
   */
  build(context: AsyncIterable<Uint8Array>, options: BuildOptions): AsyncIterable<Progress>;
}
