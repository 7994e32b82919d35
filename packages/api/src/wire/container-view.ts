import type { ContainerState, ContainerView } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { presentConfig } from './container-config.ts';
import { presentHealth } from './healthcheck.ts';
import { presentHostConfig } from './host-config-view.ts';
import { presentMount } from './mount.ts';
import { presentNetworkSettings } from './network-settings.ts';
import { timeText } from './time.ts';

/** Bytes that a container takes, when they were asked for. */
export interface ContainerSize {
  readonly readWrite: number;
  readonly rootFilesystem: number;
}

/** The answer to `GET /containers/{id}/json`. */
export function presentContainer(view: ContainerView, version: ApiVersion, size?: ContainerSize) {
  const { container, files } = view;
  return {
    Id: container.id,
    Created: timeText(container.created),
    Path: container.path,
    Args: container.args,
    State: presentState(container.state),
    Image: container.imageId,
    ResolvConfPath: files.resolvConf,
    HostnamePath: files.hostname,
    HostsPath: files.hosts,
    LogPath: files.log,
    Name: `/${container.name}`,
    RestartCount: container.state.restartCount,
    Driver: 'overlay2',
    Platform: view.image?.os ?? 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: container.appArmorProfile ?? '',
    ExecIDs: view.execs.length > 0 ? view.execs : null,
    HostConfig: presentHostConfig(container.config),
    GraphDriver: { Data: null, Name: 'overlay2' },
    ...(size !== undefined && { SizeRw: size.readWrite, SizeRootFs: size.rootFilesystem }),
    Mounts: view.mounts.map(presentMount),
    Config: presentConfig(view, version),
    NetworkSettings: presentNetworkSettings(view, version),
  };
}

/** `State` of `inspect`. A paused and a restarting container counts as running. */
function presentState(state: ContainerState) {
  return {
    Status: state.status,
    Running: state.status === 'running' || state.status === 'paused' || state.status === 'restarting',
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: timeText(state.startedAt),
    FinishedAt: timeText(state.finishedAt),
    ...(state.health && { Health: presentHealth(state.health) }),
  };
}
