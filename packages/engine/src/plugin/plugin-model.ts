import type { PluginConfig, PluginSettings } from '@fairlead/plugins';
import type { Digest } from '@fairlead/registry';

/** What a plugin is made of, in the folder of blobs. */
export interface PluginContent {
  readonly manifest: Digest;
  readonly config: Digest;
  /** Lowest first. */
  readonly layers: readonly Digest[];
}

/** A plugin as the store holds it. It is there when all of it is, and until all of it is gone. */
export interface Plugin {
  readonly id: string;
  /** With its tag, as a user writes it: `vieux/sshfs:latest`. */
  readonly name: string;
  /** Where it comes from. */
  readonly reference: string;
  /** It runs, and runs again after its end and with the next daemon. */
  readonly enabled: boolean;
  /** Seconds that its answers may take; 0 when nobody has said. */
  readonly timeout: number;
  readonly config: PluginConfig;
  readonly settings: PluginSettings;
  readonly content: PluginContent;
  /** Name of the folder of its root file system: an upgrade makes another one. */
  readonly rootfs: string;
  /** Its removal has begun. */
  readonly removing?: true;
}
