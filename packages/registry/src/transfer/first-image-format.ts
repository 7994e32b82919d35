import { FairleadError } from '@fairlead/base';
import { isObject } from '../document/image-config.ts';
import type { ImageArchive } from './image-archive.ts';

/** What belongs to a layer of the first format and not to an image. */
const layerFields: ReadonlySet<string> = new Set(['id', 'parent', 'parent_id', 'layer_id', 'throwaway', 'Size']);

/**
 * An archive as `docker save` wrote it before version 1.10, together with what newer ones say: a folder for each layer
 * with its `json`, and `repositories` to name those at the top (moby, `image/spec/v1.md`).
 *
 * @returns the archive with a `manifest.json` and the configurations that it lists; `undefined` for any other archive.
 * @throws FairleadError `invalid-argument` when it is not whole.
 */
export function fromFirstFormat(archive: ImageArchive): ImageArchive | undefined {
  const repositories = document(archive, 'repositories');
  if (repositories === undefined) return undefined;
  const documents = new Map(archive.documents);
  const manifest = [...topLayers(repositories)].map(([id, tags]) => {
    const chain = chainOf(archive, id);
    documents.set(`${id}.json`, jsonBytes(configOf(archive, chain)));
    return { Config: `${id}.json`, RepoTags: tags, Layers: chain.map((layer) => layerPath(layer.id)) };
  });
  documents.set('manifest.json', jsonBytes(manifest));
  return { ...archive, documents };
}

interface Layer {
  readonly id: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** `{ "name": { "tag": "id" } }` turned round. */
function topLayers(repositories: Readonly<Record<string, unknown>>): Map<string, string[]> {
  const tops = new Map<string, string[]>();
  for (const [name, tags] of Object.entries(repositories)) {
    for (const [tag, id] of Object.entries(isObject(tags) ? tags : {})) {
      if (typeof id === 'string') tops.set(id, [...(tops.get(id) ?? []), `${name}:${tag}`]);
    }
  }
  return tops;
}

/** From the lowest layer to the one at the top. */
function chainOf(archive: ImageArchive, top: string): Layer[] {
  const chain: Layer[] = [];
  for (let id: unknown = top; typeof id === 'string' && id !== ''; id = chain[0]?.json['parent']) {
    const json = document(archive, `${id}/json`);
    if (json === undefined)
      throw new FairleadError('invalid-argument', `invalid archive: it does not hold "${id}/json"`);
    if (chain.some((layer) => layer.id === id)) {
      throw new FairleadError('invalid-argument', `invalid archive: layer ${id} is its own parent`);
    }
    chain.unshift({ id, json });
  }
  return chain;
}

/** The description of the top layer, with the layers and the history of all. */
function configOf(archive: ImageArchive, chain: readonly Layer[]): Record<string, unknown> {
  const own = Object.entries(chain.at(-1)?.json ?? {}).filter(([name]) => !layerFields.has(name));
  const diffIds = chain.map(({ id }) => plainLayer(archive, id));
  return {
    ...Object.fromEntries(own),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: chain.map(({ json }) => historyOf(json)),
  };
}

function plainLayer({ blobs }: ImageArchive, id: string): string {
  const blob = blobs.get(layerPath(id));
  if (blob?.compression === 'none') return blob.digest;
  const fault = blob === undefined ? 'it does not hold' : 'packed is';
  throw new FairleadError('invalid-argument', `invalid archive: ${fault} "${layerPath(id)}"`);
}

function historyOf(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { created, author, comment, container_config: container } = json;
  const command = isObject(container) ? container['Cmd'] : undefined;
  return {
    created,
    ...(author !== undefined && { author }),
    ...(Array.isArray(command) && { created_by: command.join(' ') }),
    ...(comment !== undefined && { comment }),
  };
}

function layerPath(id: string): string {
  return `${id}/layer.tar`;
}

function document({ documents }: ImageArchive, path: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = documents.get(path);
  if (bytes === undefined) return undefined;
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  return isObject(value) ? value : undefined;
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
