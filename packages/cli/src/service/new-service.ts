import { compareText } from '@fairlead/base';
import { shellWords } from '@fairlead/dockerfile';
import { listOption, singleOption, unsignedOption } from '../command/option-values.ts';
import type { Options } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { environment } from '../container/create-request.ts';
import { extraHost } from '../container/extra-host.ts';
import { nameServer } from '../container/list-values.ts';
import { parseMount } from '../container/mount-option.ts';
import { parseUlimit } from '../container/resource-limits.ts';
import { attachment, resolveNetwork } from './attachment.ts';
import { newCapabilities } from './capabilities.ts';
import { credentialSpec } from './credential-spec.ts';
import { askedFile, resolveFiles } from './file-reference.ts';
import {
  genericResources,
  healthOf,
  hostsLine,
  logDriverOf,
  placementPreference,
  plainFields,
  resourcesOf,
  restartPolicyOf,
  updateConfig,
} from './service-options.ts';
import { servicePorts } from './service-port.ts';
import type { ContainerSpec, ServiceMode, ServiceSpec, TaskTemplate } from './wire.ts';

/**
 * The service that the options of `service create` ask for. Networks, secrets and configs are looked up by their names.
 *
 * @throws FairleadError `invalid-argument` in docker's words, and what the engine says of things that are not there.
 */
export async function newService(
  engine: Connection,
  [image = '', ...args]: readonly string[],
  options: Options,
): Promise<ServiceSpec> {
  const mode = serviceMode(options);
  const update = updateConfig(options, 'update', undefined);
  const rollback = updateConfig(options, 'rollback', undefined);
  if ((mode.ReplicatedJob || mode.GlobalJob) && (update || rollback)) {
    throw refusal('update and rollback configuration is not supported for jobs');
  }
  return {
    Name: options.text('name') ?? '',
    Labels: options.map('label'),
    TaskTemplate: await taskTemplate(engine, containerOf(image, args, options), options),
    Mode: mode,
    ...(update && { UpdateConfig: update }),
    ...(rollback && { RollbackConfig: rollback }),
    EndpointSpec: {
      Mode: (options.text('endpoint-mode') ?? 'vip').toLowerCase(),
      Ports: listOption(options, 'publish', servicePorts).flat(),
    },
  };
}

async function taskTemplate(engine: Connection, container: ContainerSpec, options: Options): Promise<TaskTemplate> {
  const resources = resourcesOf(options, undefined);
  const generic = genericResources(options, 'generic-resource');
  const restart = restartPolicyOf(options, undefined);
  const log = logDriverOf(options);
  const maxReplicas = unsignedOption(options, 'replicas-max-per-node') ?? 0;
  const placement = {
    Constraints: options.list('constraint'),
    Preferences: listOption(options, 'placement-pref', placementPreference),
    ...(maxReplicas > 0 && { MaxReplicas: maxReplicas }),
  };
  const networks = [];
  for (const asked of listOption(options, 'network', attachment)) networks.push(await resolveNetwork(engine, asked));
  const credentials = singleOption(options, 'credential-spec', credentialSpec);
  const secrets = listOption(options, 'secret', (text) => askedFile(text, 'secret'));
  const configs = [
    ...listOption(options, 'config', (text) => askedFile(text, 'config')),
    ...(credentials?.Config ? [{ source: credentials.Config }] : []),
  ];
  const secretReferences = await resolveFiles(engine, 'secret', secrets);
  const configReferences = await resolveFiles(engine, 'config', configs);
  const configId = configReferences.find(({ ConfigName }) => ConfigName === credentials?.Config)?.ConfigID;
  return {
    ContainerSpec: {
      ...container,
      Secrets: secretReferences,
      Configs: configReferences,
      ...(credentials && {
        Privileges: { CredentialSpec: { ...credentials, ...(configId !== undefined && { Config: configId }) } },
      }),
    },
    Networks: networks.toSorted((left, right) => (left.Target ?? '').localeCompare(right.Target ?? '')),
    Resources: { ...resources, Reservations: { ...resources.Reservations, GenericResources: generic } },
    ...(restart && { RestartPolicy: restart }),
    Placement: placement,
    ...(log && { LogDriver: log }),
  };
}

function containerOf(image: string, args: readonly string[], options: Options): ContainerSpec {
  const health = healthOf(options, undefined);
  const { add, drop } = newCapabilities({ add: options.list('cap-add'), drop: options.list('cap-drop') });
  return {
    Image: image,
    Args: args,
    Command: singleOption(options, 'entrypoint', shellWords) ?? [],
    Env: lastOfEach(environment(options)),
    Labels: options.map('container-label'),
    Groups: options.list('group'),
    // Said in any case: otherwise the daemon's own default would hold.
    Init: false,
    ...plainFields(options),
    Mounts: options.list('mount').map(parseMount),
    DNSConfig: {
      Nameservers: options.list('dns').map((text) => nameServer(text)),
      Search: options.list('dns-search'),
      Options: options.list('dns-option'),
    },
    Hosts: listOption(options, 'host', (text) => hostsLine(extraHost(text))),
    ...(health && { Healthcheck: health }),
    Sysctls: options.map('sysctl'),
    CapabilityAdd: add,
    CapabilityDrop: drop,
    Ulimits: options
      .list('ulimit')
      .map(parseUlimit)
      .sort((left, right) => compareText(left.Name, right.Name)),
  };
}

/** Of variables that are set several times the last one counts, in its own place. */
function lastOfEach(variables: readonly string[]): string[] {
  const name = (text: string) => text.split('=', 1)[0] ?? '';
  return variables.filter((text, at) => variables.findLastIndex((other) => name(other) === name(text)) === at);
}

function serviceMode(options: Options): ServiceMode {
  const replicas = unsignedOption(options, 'replicas');
  const concurrent = unsignedOption(options, 'max-concurrent');
  const mode = options.text('mode') ?? 'replicated';
  const isPerNode = mode === 'global' || mode === 'global-job';
  if (!isPerNode && !/^replicated(-job)?$/.test(mode)) {
    throw refusal(`Unknown mode: ${mode}, only replicated and global supported`);
  }
  if (isPerNode && replicas !== undefined) {
    throw refusal('replicas can only be used with replicated or replicated-job mode');
  }
  if (isPerNode && (unsignedOption(options, 'replicas-max-per-node') ?? 0) > 0) {
    throw refusal('replicas-max-per-node can only be used with replicated or replicated-job mode');
  }
  if (mode !== 'replicated-job' && concurrent !== undefined) {
    throw refusal('max-concurrent can only be used with replicated-job mode');
  }
  if (isPerNode) return mode === 'global' ? { Global: {} } : { GlobalJob: {} };
  const count = replicas ?? null;
  if (mode === 'replicated') return { Replicated: { Replicas: count } };
  return { ReplicatedJob: { MaxConcurrent: concurrent ?? count, TotalCompletions: count } };
}
