import type { Container, ContainerState, ContainerView } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { mergedLabels } from './container-config.ts';
import type { ContainerSize } from './container-view.ts';
import { healthSuffix } from './healthcheck.ts';
import { presentMount } from './mount.ts';
import { presentListedNetworks, reachablePorts } from './network-settings.ts';
import { presentPortList } from './port-map.ts';
import { humanDuration, unixSeconds } from './time.ts';

/** One entry of `GET /containers/json`. */
export function presentSummary(view: ContainerView, version: ApiVersion, size?: ContainerSize, now = Date.now()) {
  const { container } = view;
  return {
    Id: container.id,
    Names: [container.name, ...view.linkNames].map((name) => `/${name}`),
    Image: imageNameOf(view),
    ImageID: container.imageId,
    Command: commandText(container),
    Created: unixSeconds(container.created),
    Ports: isUp(container.state) ? presentPortList(view.bound, reachablePorts(view)) : [],
    ...(size !== undefined && { SizeRw: size.readWrite, SizeRootFs: size.rootFilesystem }),
    Labels: mergedLabels(view),
    State: container.state.status,
    Status: statusText(container.state, now),
    HostConfig: { NetworkMode: container.config.host.networkMode },
    NetworkSettings: { Networks: presentListedNetworks(view, version) },
    Mounts: view.mounts.map(presentMount),
  };
}

/** One entry of the list of containers. */
export type WireContainerSummary = ReturnType<typeof presentSummary>;

/** True while a process of the container exists. */
export function isUp(state: ContainerState): boolean {
  return state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
}

/** The words of the column STATUS. */
export function statusText(state: ContainerState, now: number): string {
  const since = (time: number | undefined): string => humanDuration(now - (time ?? now));
  switch (state.status) {
    case 'running':
      return `Up ${since(state.startedAt)}${healthSuffix(state)}`;
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return state.finishedAt === undefined ? 'Created' : `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}

/** Executable and arguments in one line; arguments with blanks are quoted. */
function commandText({ path, args }: Container): string {
  return [path, ...args.map((argument) => (argument.includes(' ') ? `'${argument}'` : argument))].join(' ');
}

/** The name that was asked for; the image's id once that name means another image, or none. */
function imageNameOf({ container, image }: ContainerView): string {
  const asked = container.config.image;
  if (image === undefined) return container.imageId;
  if (asked.includes('@') || image.id.includes(asked)) return asked;
  const name = withTag(asked);
  return image.tags.some((tag) => withTag(tag) === name) ? asked : image.id;
}

/** The familiar form of an image's name with its tag. */
function withTag(name: string): string {
  const familiar = name.replace(/^docker\.io\/(library\/)?/, '');
  return /:[^/]*$/.test(familiar) ? familiar : `${familiar}:latest`;
}
