import { FairleadError, newIdentifier, withPrefix } from '@fairlead/base';
import { initialSettings, type PluginConfig, parsePluginConfig, requirePrivileges } from '@fairlead/plugins';
import {
  canonicalText,
  type Digest,
  digestOf,
  type ImageReference,
  mediaTypes,
  parseImageReference,
  type RegistrySettings,
  withDefaultTag,
} from '@fairlead/registry';
import type { FileCalls } from '../files/file-calls.ts';
import type { Progress } from '../progress-port.ts';
import { applyLayer, unpackPlugin } from './plugin-archive.ts';
import type { PluginBlobs } from './plugin-blobs.ts';
import type { Plugin, PluginContent } from './plugin-model.ts';
import { type PluginPlaces, removeFolder } from './plugin-places.ts';
import type { PluginPull } from './plugin-port.ts';
import { type PluginTable, pluginName } from './plugin-table.ts';

/** What plugins come with. */
export interface ArrivalParts {
  readonly table: PluginTable;
  readonly blobs: PluginBlobs;
  readonly places: PluginPlaces;
  readonly files: FileCalls;
  readonly registry: RegistrySettings;
}

/** Everything of a plugin but its name: its root file system in a folder of its own, its blobs kept. */
interface Arrived {
  readonly room: string;
  readonly config: PluginConfig;
  readonly content: PluginContent;
}

/** The parts of a plugin are made first and its entry in the store last: until then there is nothing of it. */
export class PluginArrivals {
  readonly #parts: ArrivalParts;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  /** Make a plugin of an archive. @throws FairleadError in Docker's words. */
  async create(text: string, archive: AsyncIterable<Uint8Array>): Promise<Plugin> {
    const { table } = this.#parts;
    const name = createdName(text);
    table.requireFree(name);
    return await this.#inRoom(async (room) => {
      const arrived = await this.#unpack(room, archive);
      table.requireFree(name);
      return this.#settle(arrived, name, name);
    });
  }

  /** Fetch a plugin. @throws FairleadError in Docker's words. */
  async *pull(pull: PluginPull): AsyncGenerator<Progress, Plugin> {
    const { table } = this.#parts;
    const requireFree = () => {
      try {
        table.requireFree(pull.name);
      } catch (error) {
        throw new FairleadError('invalid-argument', error instanceof Error ? error.message : String(error));
      }
    };
    requireFree();
    const reference = remoteReference(pull.remote);
    return yield* this.#inRoomWhile(async function* (this: PluginArrivals, room: string) {
      const arrived = yield* this.#fetch(room, reference, pull);
      requireFree();
      return this.#settle(arrived, pull.name, canonicalText(reference));
    });
  }

  /** Fetch another form of a plugin that is disabled. As with Docker its settings stay as they are. */
  async *upgrade(plugin: Plugin, pull: PluginPull): AsyncGenerator<Progress, Plugin> {
    const { table, places } = this.#parts;
    const reference = remoteReference(pull.remote);
    return yield* this.#inRoomWhile(async function* (this: PluginArrivals, room: string) {
      const { config, content } = yield* this.#fetch(room, reference, pull);
      const now = table.current(plugin);
      const rootfs = `rootfs-${newIdentifier().slice(0, 12)}`;
      places.settle(room, { id: now.id, rootfs });
      const upgraded = table.put({ ...now, config, content, rootfs, reference: canonicalText(reference) });
      await removeFolder(places.rootfs(now));
      return upgraded;
    });
  }

  async #unpack(room: string, archive: AsyncIterable<Uint8Array>): Promise<Arrived> {
    const { blobs, files } = this.#parts;
    const keep = (layer: AsyncIterable<Uint8Array>) => blobs.ingest(layer);
    const { config: text, layer } = await unpackPlugin(archive, room, files, keep);
    const said = parsed(text);
    // Docker, too, names the packed layer here.
    const config: PluginConfig = { ...said, rootfs: { type: 'layers', diff_ids: [layer.digest] } };
    const configBlob = await this.#keep(`${JSON.stringify(config)}\n`);
    const manifest = await this.#keep(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.dockerManifest,
        config: { mediaType: mediaTypes.dockerPlugin, ...configBlob },
        layers: [{ mediaType: `${mediaTypes.dockerLayer}.gzip`, ...layer }],
      }),
    );
    const content = { manifest: manifest.digest, config: configBlob.digest, layers: [layer.digest] };
    return { room, config, content };
  }

  async *#fetch(room: string, reference: ImageReference, pull: PluginPull): AsyncGenerator<Progress, Arrived> {
    const { blobs, files, registry } = this.#parts;
    const { auth: credentials, signal, privileges } = pull;
    const { pullPlugin } = await import('@fairlead/registry/transfer');
    const pulled = yield* pullPlugin({
      ...{ ...registry, reference, credentials, signal, content: blobs },
      accept: (config) => requirePrivileges(parsed(config), privileges),
      unpack: ({ digest }) => applyLayer(blobs.stream(digest), room, files),
    });
    const { manifest, config, layers, configBytes } = pulled;
    return { room, config: parsed(configBytes), content: { manifest, config, layers } };
  }

  /** In the same turn in which its name was found to be free. */
  #settle({ room, config, content }: Arrived, name: string, reference: string): Plugin {
    const { table, places } = this.#parts;
    const settings = initialSettings(config);
    const made = { id: newIdentifier(), name, reference, enabled: false, timeout: 0, rootfs: 'rootfs' };
    places.settle(room, made);
    return table.put({ ...made, config, settings, content });
  }

  async #keep(text: string): Promise<{ readonly digest: Digest; readonly size: number }> {
    const bytes = Buffer.from(text);
    const blob = { digest: digestOf(bytes), size: bytes.length };
    await this.#parts.blobs.write(blob, async function* () {
      yield bytes;
    });
    return { size: blob.size, digest: blob.digest };
  }

  async #inRoom<Result>(work: (room: string) => Promise<Result>): Promise<Result> {
    const room = this.#parts.places.makeRoom();
    try {
      return await work(room);
    } finally {
      await removeFolder(room);
    }
  }

  async *#inRoomWhile<Result>(
    work: (this: PluginArrivals, room: string) => AsyncGenerator<Progress, Result>,
  ): AsyncGenerator<Progress, Result> {
    const room = this.#parts.places.makeRoom();
    try {
      return yield* work.call(this, room);
    } finally {
      await removeFolder(room);
    }
  }
}

/** @throws FairleadError `internal` in Docker's words for what is no reference. */
function createdName(text: string): string {
  let reference: ImageReference;
  try {
    reference = parseImageReference(text);
  } catch (error) {
    const cause = withPrefix(`failed to parse reference ${text}: `, error);
    throw new FairleadError('internal', cause.message, { cause });
  }
  if (reference.digest !== undefined) throw new FairleadError('internal', 'canonical references are not permitted');
  return pluginName(reference);
}

/** A plugin of a registry; of tag and digest the digest counts. @throws FairleadError `invalid-argument`. */
export function remoteReference(text: string): ImageReference {
  const { domain, path, digest, tag } = parseImageReference(text);
  return digest === undefined ? withDefaultTag({ domain, path, tag }) : { domain, path, digest };
}

function parsed(config: string | Uint8Array): PluginConfig {
  try {
    return parsePluginConfig(config);
  } catch (error) {
    throw withPrefix('failed to parse config: ', error);
  }
}
