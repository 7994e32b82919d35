/** A line of progress in the shape that Docker's clients draw. */
export interface Progress {
  readonly status?: string;
  readonly id?: string;
  readonly stream?: string;
  readonly current?: number;
  readonly total?: number;
  /** What a push has made, for programs to read. */
  readonly pushed?: { readonly tag: string; readonly digest: string; readonly size: number };
  /** A build has come to the end of a stage: the ID of its image. */
  readonly built?: string;
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
