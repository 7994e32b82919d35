import { type DecodedShape, decodeGoJson } from './go-shape.ts';

/** A variable of a plugin's environment; without a value it is not set. */
export interface PluginEnv {
  readonly Description: string;
  readonly Name: string;
  /** What of it can be set: `value`. */
  readonly Settable: readonly string[] | null;
  readonly Value: string | null;
}

/** A mount of a plugin; without a source it has to be set before the plugin can be enabled. */
export interface PluginMount {
  readonly Description: string;
  readonly Destination: string;
  readonly Name: string;
  readonly Options: readonly string[] | null;
  /** What of it can be set: `source`. */
  readonly Settable: readonly string[] | null;
  readonly Source: string | null;
  readonly Type: string;
}

/** A device of the host that a plugin uses. */
export interface PluginDevice {
  readonly Description: string;
  readonly Name: string;
  readonly Path: string | null;
  /** What of it can be set: `path`. */
  readonly Settable: readonly string[] | null;
}

/**
 * What a plugin is, in the words of its `config.json` (docs.docker.com/engine/extend/config). `null` is what nobody has said:
 * clients tell it from none.
 */
export interface PluginConfig {
  readonly Args: {
    readonly Description: string;
    readonly Name: string;
    readonly Settable: readonly string[] | null;
    readonly Value: readonly string[] | null;
  };
  readonly Description: string;
  readonly DockerVersion?: string;
  readonly Documentation: string;
  readonly Entrypoint: readonly string[] | null;
  readonly Env: readonly PluginEnv[] | null;
  readonly Interface: {
    readonly ProtocolScheme?: string;
    /** Name of its socket in its `/run/docker/plugins`. */
    readonly Socket: string;
    /** `docker.volumedriver/1.0` and the like. */
    readonly Types: readonly string[] | null;
  };
  readonly IpcHost: boolean;
  readonly Linux: {
    readonly AllowAllDevices: boolean;
    readonly Capabilities: readonly string[] | null;
    readonly Devices: readonly PluginDevice[] | null;
  };
  readonly Mounts: readonly PluginMount[] | null;
  readonly Network: { readonly Type: string };
  readonly PidHost: boolean;
  /** Where the plugin mounts what the host is to see. */
  readonly PropagatedMount: string;
  readonly User: { readonly UID?: number; readonly GID?: number };
  readonly WorkDir: string;
  readonly rootfs?: { readonly type?: string; readonly diff_ids: readonly string[] | null };
}

const settable = { list: 'string' } as const;

/** The struct of Docker's API, field by field in its order. */
const shape: DecodedShape = {
  fields: {
    Args: { fields: { Description: 'string', Name: 'string', Settable: settable, Value: { list: 'string' } } },
    Description: 'string',
    DockerVersion: { omitEmpty: 'string' },
    Documentation: 'string',
    Entrypoint: { list: 'string' },
    Env: {
      list: { fields: { Description: 'string', Name: 'string', Settable: settable, Value: { pointer: 'string' } } },
    },
    Interface: {
      fields: { ProtocolScheme: { omitEmpty: 'string' }, Socket: 'string', Types: { list: 'string' } },
    },
    IpcHost: 'bool',
    Linux: {
      fields: {
        AllowAllDevices: 'bool',
        Capabilities: { list: 'string' },
        Devices: {
          list: { fields: { Description: 'string', Name: 'string', Path: { pointer: 'string' }, Settable: settable } },
        },
      },
    },
    Mounts: {
      list: {
        fields: {
          Description: 'string',
          Destination: 'string',
          Name: 'string',
          Options: { list: 'string' },
          Settable: settable,
          Source: { pointer: 'string' },
          Type: 'string',
        },
      },
    },
    Network: { fields: { Type: 'string' } },
    PidHost: 'bool',
    PropagatedMount: 'string',
    User: { fields: { UID: { omitEmpty: 'uint32' }, GID: { omitEmpty: 'uint32' } } },
    WorkDir: 'string',
    rootfs: { omitEmpty: { fields: { type: { omitEmpty: 'string' }, diff_ids: { list: 'string' } } } },
  },
};

/**
 * Read a plugin's `config.json`, or the config of one that a registry has.
 *
 * @throws FairleadError `internal` in Go's words for what is none.
 */
export function parsePluginConfig(bytes: Uint8Array | string): PluginConfig {
  const config = decodeGoJson(bytes, shape, 'PluginConfig') as PluginConfig;
  const { Types } = config.Interface;
  return { ...config, Interface: { ...config.Interface, Types: Types?.map(canonicalCapability) ?? null } };
}

/** What a plugin can do, as its config says: `docker.volumedriver/1.0`. */
export interface PluginCapability {
  readonly prefix: string;
  readonly capability: string;
  readonly version: string;
}

/** Read one of `Interface.Types`; as in Docker everything is one (api/types/plugin, CapabilityID). */
export function parseCapability(text: string): PluginCapability {
  const slash = text.indexOf('/');
  const name = slash < 0 ? text : text.slice(0, slash);
  const dot = name.lastIndexOf('.');
  return {
    prefix: name.slice(0, Math.max(dot, 0)),
    capability: name.slice(dot + 1),
    version: slash < 0 ? '' : text.slice(slash + 1),
  };
}

/** Docker's own capabilities of a plugin: `volumedriver`, `networkdriver`, `ipamdriver`, `authz`, `logdriver`. */
export function dockerCapabilities({ Interface: { Types } }: Pick<PluginConfig, 'Interface'>): string[] {
  return (Types ?? [])
    .map(parseCapability)
    .flatMap(({ prefix, capability }) => (prefix === 'docker' ? capability : []));
}

function canonicalCapability(text: string): string {
  const { prefix, capability, version } = parseCapability(text);
  return `${prefix}.${capability}/${version}`;
}
