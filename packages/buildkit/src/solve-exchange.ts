import { FairleadError } from '@fairlead/base';
import { canonicalText, parseImageReference, withDefaultTag } from '@fairlead/registry';
import type { Exporter, SolveRequest, SolveResponse } from './gen/control.ts';

/** Stands for the engine's own store: dockerd's word, which no buildkitd knows. */
export const engineStore = 'moby';

/** What an image without a name is kept under until the engine knows it. */
const namelessPrefix = 'fairlead.build/nameless';

/** An image that buildkitd has put into containerd. */
export interface BuiltImage {
  /** Its manifest, or an index of several. */
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  /** Canonical names, such as `docker.io/library/app:latest`. */
  readonly names: readonly string[];
  /** A registry has it by these names, with this digest. */
  readonly wasPushed: boolean;
  /** containerd's record of an image without names: to be removed by who keeps it. */
  readonly record?: string;
}

/**
 * A request whose result goes into containerd where it asks for the engine's store.
 *
 * @returns `undefined` when it does not ask for that.
 * @throws FairleadError `invalid-argument` for a name that is none, in Docker's words.
 */
export function intoContainerd(request: SolveRequest): SolveRequest | undefined {
  const { exporter, exporterAttributes, exporters } = request;
  if (exporter !== engineStore && exporters.every(({ type }) => type !== engineStore)) return undefined;
  const former = imageExporter({ type: exporter, attributes: exporterAttributes });
  return {
    ...request,
    exporter: former.type,
    exporterAttributes: former.attributes,
    exporters: exporters.map(imageExporter),
  };
}

function imageExporter(exporter: Exporter): Exporter {
  if (exporter.type !== engineStore) return exporter;
  const { name = '' } = exporter.attributes;
  const names = name.split(',').filter((text) => text.trim() !== '');
  const whole = { name: [...new Set(names.map(canonicalName))].join(',') };
  // The second is misspelled by BuildKit itself; a version that does not know it makes a record more, which goes again.
  const nameless = { 'dangling-name-prefix': namelessPrefix, 'danging-name-empty-only': 'true' };
  return { ...exporter, type: 'image', attributes: { ...exporter.attributes, ...whole, ...nameless } };
}

/** buildkitd takes names as they are, and clients write them short. */
function canonicalName(text: string): string {
  const reference = parseImageReference(text.trim());
  if (reference.digest === undefined) return canonicalText(withDefaultTag(reference));
  throw new FairleadError('invalid-argument', 'build tag cannot contain a digest');
}

/** What became of a build that was asked for so. @returns `undefined` when there is no image of it. */
export function builtImage(request: SolveRequest, { exporterResponse }: SolveResponse): BuiltImage | undefined {
  const text = Buffer.from(exporterResponse['containerimage.descriptor'] ?? '', 'base64').toString();
  if (text === '') return undefined;
  const { mediaType, digest, size } = JSON.parse(text);
  const all = (exporterResponse['image.name'] ?? '').split(',').filter((name) => name !== '');
  const record = all.find((name) => name.startsWith(`${namelessPrefix}@`));
  return {
    descriptor: { mediaType: String(mediaType), digest: String(digest), size: Number(size) },
    names: all.filter((name) => name !== record),
    wasPushed: isPushed(request),
    ...(record !== undefined && { record }),
  };
}

/**
 * What a client is told of an image that the engine keeps: it takes the digest for the ID by which the engine knows it.
 * Of one that was pushed the digest stays what the registry calls it.
 */
export function namedById(response: SolveResponse, id: string, { wasPushed }: BuiltImage): SolveResponse {
  const digest = wasPushed ? {} : { 'containerimage.digest': id };
  const told = { ...response.exporterResponse, ...digest, 'containerimage.config.digest': id };
  return { ...response, exporterResponse: told };
}

/** True when a result is sent to a registry, too. */
function isPushed({ exporters, exporterAttributes }: SolveRequest): boolean {
  return [exporterAttributes, ...exporters.map(({ attributes }) => attributes)].some(({ push }) => push === 'true');
}
