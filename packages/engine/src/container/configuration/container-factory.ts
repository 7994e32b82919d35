import { FairleadError, newIdentifier } from '@fairlead/base';
import type { Json } from '../../json.ts';
import type { Container, Image } from '../../model.ts';
import type { HealthcheckConfig } from '../health/health-model.ts';
import { mergeHealthcheck } from '../health/health-state.ts';
import type { ContainerConfig, NetworkAttachment } from './container-config.ts';
import { mergeEnvironment } from './environment.ts';

/** The part of an image's configuration that a container takes over, by its OCI names. */
interface ImageDefaults {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | undefined;
  readonly healthcheck: HealthcheckConfig | undefined;
}

/**
 * Make a container out of what was asked for and what the image says.
 *
 * @throws FairleadError `invalid-argument` when nobody says what to run.
 */
export function makeContainer(name: string, asked: ContainerConfig, image: Image): Container {
  const defaults = imageDefaults(image);
  // An entrypoint of one's own drops the image's command, [""] drops both, and [] only the image's entrypoint.
  const isBlank = asked.entrypoint?.length === 1 && asked.entrypoint[0] === '';
  const entrypoint = isBlank ? [] : (asked.entrypoint ?? defaults.entrypoint);
  const imageCommand = (asked.entrypoint ?? []).length === 0 ? defaults.command : [];
  const command = asked.command !== null && asked.command.length > 0 ? asked.command : imageCommand;
  const [path, ...args] = [...entrypoint, ...command];
  const healthcheck = mergeHealthcheck(asked.healthcheck, defaults.healthcheck);
  if (path === undefined || path === '') throw new FairleadError('invalid-argument', 'no command specified');
  return {
    id: newIdentifier(),
    name,
    created: Date.now(),
    imageId: image.id,
    imagePorts: imagePorts(image),
    config: {
      ...asked,
      networks: attachmentsOf(asked),
      entrypoint: entrypoint.length > 0 ? entrypoint : null,
      command: command.length > 0 ? command : null,
      labels: { ...defaults.labels, ...asked.labels },
      ...(healthcheck && { healthcheck }),
      ...(asked.stopSignal === undefined && defaults.stopSignal && { stopSignal: defaults.stopSignal }),
    },
    state: { status: 'created', pid: 0, exitCode: 0, error: '', oomKilled: false, restartCount: 0 },
    path,
    args,
    env: mergeEnvironment(defaults.env, asked.env),
    workingDir: asked.workingDir || defaults.workingDir,
    user: asked.user || defaults.user,
  };
}

/** Networks that were asked for, in the order in which the interfaces come up; the mode's own is one of them. */
function attachmentsOf({ host, networkDisabled, networks }: ContainerConfig): readonly NetworkAttachment[] {
  const { networkMode } = host;
  if (networkDisabled || networkMode.startsWith('container:')) return [];
  const own = networkMode === 'default' || networkMode === '' ? 'bridge' : networkMode;
  const asked = networks.map((item) => (item.network === networkMode ? { ...item, network: own } : item));
  return asked.some(({ network }) => network === own) ? asked : [{ network: own, config: {} }, ...asked];
}

/** Ports that an image exposes, `80/tcp`. */
export function imagePorts(image: Image | undefined): string[] {
  const ports = image === undefined ? undefined : runConfig(image)['ExposedPorts'];
  return isRecord(ports) ? Object.keys(ports) : [];
}

/** Paths at which an image wants volumes. */
export function imageVolumes(image: Image): string[] {
  const volumes = runConfig(image)['Volumes'];
  return isRecord(volumes) ? Object.keys(volumes) : [];
}

function imageDefaults(image: Image): ImageDefaults {
  const config = runConfig(image);
  const labels = isRecord(config['Labels']) ? config['Labels'] : {};
  const stopSignal = textOf(config['StopSignal']);
  return {
    entrypoint: textsOf(config['Entrypoint']),
    command: textsOf(config['Cmd']),
    env: textsOf(config['Env']),
    user: textOf(config['User']),
    workingDir: textOf(config['WorkingDir']),
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, textOf(value)])),
    stopSignal: stopSignal === '' ? undefined : stopSignal,
    healthcheck: imageHealthcheck(config['Healthcheck']),
  };
}

/** Docker's addition to the OCI configuration of an image. */
function imageHealthcheck(value: Json | undefined): HealthcheckConfig | undefined {
  if (!isRecord(value)) return undefined;
  return {
    test: textsOf(value['Test']),
    interval: numberOf(value['Interval']),
    timeout: numberOf(value['Timeout']),
    startPeriod: numberOf(value['StartPeriod']),
    startInterval: numberOf(value['StartInterval']),
    retries: numberOf(value['Retries']),
  };
}

function runConfig(image: Image): Readonly<Record<string, Json>> {
  const config = image.config['config'];
  return isRecord(config) ? config : {};
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
