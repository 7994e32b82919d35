import type { ContainerConfig, ContainerView, Image, Json } from '@fairlead/engine';
import type { ApiVersion } from '../http/api-version.ts';
import { isJsonObject, type JsonObject } from './go-json.ts';
import { presentHealthcheck } from './healthcheck.ts';

/** The run configuration inside an image's config blob (OCI image spec, `config`). */
export function imageRunConfig(image: Image | undefined): JsonObject {
  const config = image?.config['config'];
  return isJsonObject(config) ? config : {};
}

/** Labels of an image. */
export function imageLabels(image: Image | undefined): Readonly<Record<string, string>> {
  return textMap(imageRunConfig(image)['Labels']);
}

/** Labels of the image with the container's over them. */
export function mergedLabels({ container, image }: ContainerView): Readonly<Record<string, string>> {
  return { ...imageLabels(image), ...container.config.labels };
}

/** `Config` of a container, with what the image adds, as Docker merges it at creation. */
export function presentConfig(view: ContainerView, version: ApiVersion): Readonly<Record<string, unknown>> {
  const { container, image } = view;
  const { config } = container;
  const run = imageRunConfig(image);
  const { MacAddress: macAddress, ...other } = config.other.config;
  const stopSignal = config.stopSignal ?? run['StopSignal'];
  const exposed = Object.fromEntries([...view.exposed].sort().map((key) => [key, {}]));
  return {
    Hostname: hostnameOf(view),
    Domainname: config.domainname ?? '',
    User: container.user,
    AttachStdin: config.attachStdin,
    AttachStdout: config.attachStdout,
    AttachStderr: config.attachStderr,
    ...(view.exposed.length > 0 && { ExposedPorts: exposed }),
    Tty: config.tty,
    OpenStdin: config.openStdin,
    StdinOnce: config.stdinOnce,
    Env: container.env,
    Cmd: commandOf(config, run),
    ...(config.healthcheck && { Healthcheck: presentHealthcheck(config.healthcheck) }),
    Image: config.image,
    Volumes: volumesOf(config, run),
    WorkingDir: container.workingDir,
    Entrypoint: entrypointOf(config, run),
    ...(config.networkDisabled && { NetworkDisabled: true }),
    ...(macAddress !== undefined && version < 52 && { MacAddress: macAddress }),
    OnBuild: null,
    Labels: mergedLabels(view),
    ...(stopSignal !== undefined && { StopSignal: stopSignal }),
    ...(config.stopTimeout !== undefined && { StopTimeout: config.stopTimeout }),
    ...other,
  };
}

/** What `hostname` says in the container: its short id unless asked otherwise. */
function hostnameOf({ container }: ContainerView): string {
  return container.config.hostname ?? container.id.slice(0, 12);
}

/** An entrypoint of one's own switches the image's command off. */
function commandOf(config: ContainerConfig, run: JsonObject): Json {
  if (config.command !== null && config.command.length > 0) return config.command;
  return (config.entrypoint ?? []).length > 0 ? config.command : (run['Cmd'] ?? null);
}

function entrypointOf(config: ContainerConfig, run: JsonObject): Json {
  if (config.entrypoint === null) return run['Entrypoint'] ?? null;
  return config.entrypoint.join('') === '' ? null : config.entrypoint;
}

function volumesOf(config: ContainerConfig, run: JsonObject): Json {
  const declared = run['Volumes'];
  const paths = [...Object.keys(isJsonObject(declared) ? declared : {}), ...config.volumes];
  return paths.length === 0 ? null : Object.fromEntries(paths.map((path) => [path, {}]));
}

function textMap(value: Json | undefined): Record<string, string> {
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)])) : {};
}
