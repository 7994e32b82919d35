/** A plugin that the engine itself runs, and that runs now. */
export interface ManagedPlugin {
  /** Its own name, `vieux/sshfs:latest`. */
  readonly name: string;
  /** Where it listens. */
  readonly socket: string;
  /** What it can do, in the words of its config: `volumedriver`. */
  readonly capabilities: readonly string[];
  /** Seconds that its answers may take; 0 leaves that to who asks. */
  readonly timeout: number;
  /** A path of the plugin's as the host has it. */
  readonly pathOnHost: (path: string) => string;
}

/** Where plugins are had that the engine runs; they go before those that others have started. */
export interface ManagedPlugins {
  /**
   * Look for one by name, with or without its tag, or by ID.
   *
   * @returns nothing when there is none.
   * @throws PluginUnfit when it does not run.
   */
  find(name: string): ManagedPlugin | undefined;
  /** Those that run. */
  running(): readonly ManagedPlugin[];
}

/** Where there are none. */
export const noManagedPlugins: ManagedPlugins = { find: () => undefined, running: () => [] };
