import type { Progress as TransferProgress } from '@fairlead/registry';

/** A line of progress in the shape that Docker's clients draw: of a transfer, of a build, and of what made it fail. */
export interface Progress extends TransferProgress {
  /** What goes on in a build, in BuildKit's own form. */
  readonly trace?: Uint8Array;
  readonly error?: string;
  /** Exit code of the command that failed. */
  readonly errorCode?: number;
}

/** Credentials for a registry. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
  readonly serverAddress?: string;
}
