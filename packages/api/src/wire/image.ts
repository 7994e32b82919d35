import type { Image } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { imageRunConfig } from './container-config.ts';
import { isJsonObject } from './go-json.ts';
import { timeText, unixSeconds } from './time.ts';

/** One entry of `GET /images/json`. @param sharedSize bytes of layers that other images have too; -1 is not known. */
export function presentImageSummary(image: Image, version: ApiVersion, containers: number, sharedSize = -1) {
  const labels = imageRunConfig(image)['Labels'];
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    ...presentNames(image, version),
    Created: unixSeconds(image.created),
    Size: image.size,
    ...(version < 44 && { VirtualSize: image.size }),
    SharedSize: sharedSize,
    Labels: isJsonObject(labels) ? labels : null,
    Containers: containers,
  };
}

/** Before 1.43 an image without any name had names that say so, and a list of none was null. */
function presentNames({ tags, digests }: Image, version: ApiVersion) {
  if (version >= 43) return { RepoTags: tags, RepoDigests: digests };
  if (tags.length + digests.length === 0) return { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] };
  return { RepoTags: tags.length > 0 ? tags : null, RepoDigests: digests.length > 0 ? digests : null };
}

/** One entry of the list of images. */
export type WireImageSummary = ReturnType<typeof presentImageSummary>;

/** The answer to `GET /images/{name}/json`. */
export function presentImage(image: Image, version: ApiVersion) {
  const text = (name: string): string => {
    const value = image.config[name];
    return typeof value === 'string' ? value : '';
  };
  const variant = text('variant');
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: image.parent ?? '',
    Comment: lastComment(image),
    Created: timeText(image.created),
    // Gone since 1.45, but Compose 1.29 reads it whatever the version is, and cannot recreate a container without.
    ContainerConfig: { ...emptyRunConfig, ...stepConfigOf(image) },
    ...(version < 45 && { Container: text('container') }),
    DockerVersion: text('docker_version'),
    Author: text('author'),
    Config: { ...emptyRunConfig, ...imageRunConfig(image) },
    Architecture: image.architecture,
    ...(variant !== '' && { Variant: variant }),
    Os: image.os,
    Size: image.size,
    ...(version < 44 && { VirtualSize: image.size }),
    GraphDriver: { Data: null, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: image.layers },
    Metadata: { LastTagTime: timeText(image.lastNamed) },
  };
}

/** Go's complete structure: clients dereference fields that an image's own config may lack. */
const emptyRunConfig: Readonly<Record<string, unknown>> = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

/** How the container ran that an image was made of. */
function stepConfigOf({ config }: Image) {
  const stepConfig = config['container_config'];
  return isJsonObject(stepConfig) ? stepConfig : {};
}

/** An imported image says in its history what the importer wrote. */
function lastComment({ config }: Image): string {
  const history = config['history'];
  const last = Array.isArray(history) ? history.at(-1) : undefined;
  const comment = isJsonObject(last) ? last['comment'] : undefined;
  return typeof comment === 'string' ? comment : '';
}
