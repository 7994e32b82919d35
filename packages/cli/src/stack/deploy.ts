import { messageOf } from '@fairlead/base';
import type { ComposeConfig } from '@fairlead/compose';
import type { Action, Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { authHeader } from '../image/registry-credentials.ts';
import { awaitService } from '../service/convergence.ts';
import { pinImage } from '../service/image-pin.ts';
import type { Service, ServiceSpec } from '../service/wire.ts';
import type { SwarmInfo } from '../swarm/wire.ts';
import { deployParts } from './deploy-parts.ts';
import { checkStackName, scoped, stackContents } from './namespace.ts';
import { removeServices } from './removal.ts';
import { serviceFiles } from './service-files.ts';
import { deployableCompose } from './stack-files.ts';
import { imageLabel, stackService } from './stack-service.ts';

/** `fairlead stack deploy`. */
export const deploy: Action = async (invocation) => {
  const {
    words: [name = ''],
    options,
    engine,
  } = invocation;
  const stack = checkStackName(name);
  const config = deployableCompose(options);
  const resolving = options.text('resolve-image') ?? 'always';
  if (!/^(always|changed|never)$/.test(resolving)) {
    throw refusal(`Invalid option ${resolving} for flag --resolve-image`);
  }
  if (!options.has('detach')) process.stderr.write(notWaiting);
  await checkManager(engine);
  if (options.flag('prune')) await prune(invocation, stack, config);
  await deployParts(invocation, stack, config);
  const ids = await deployServices(invocation, stack, config, resolving);
  return options.flag('detach', true) ? 0 : await awaitAll(invocation, ids);
};

const notWaiting =
  'Since --detach=false was not specified, tasks will be created in the background.\n' +
  'In a future release, --detach=false will become the default.\n';

/** Networks could be made without a swarm, and would be others than were meant. */
async function checkManager(engine: Connection): Promise<void> {
  const { Swarm } = await engine.ask<SwarmInfo>('GET', '/info');
  if (Swarm.ControlAvailable === true) return;
  throw refusal(
    'this node is not a swarm manager. Use "fairlead swarm init" or "fairlead swarm join" to connect this node to swarm ' +
      'and try again',
  );
}

async function prune(invocation: Invocation, stack: string, { services }: ComposeConfig): Promise<void> {
  const { services: present } = await stackContents(invocation.engine, stack);
  const wanted = new Set(Object.keys(services).map((name) => scoped(stack, name)));
  await removeServices(
    invocation,
    present.filter(({ Spec }) => !wanted.has(Spec.Name ?? '')),
  );
}

async function deployServices(
  { engine, options, print }: Invocation,
  stack: string,
  config: ComposeConfig,
  resolving: string,
): Promise<string[]> {
  const specs: (readonly [name: string, spec: ServiceSpec])[] = [];
  for (const [name, service] of Object.entries(config.services)) {
    try {
      const files = await serviceFiles(engine, stack, service, config);
      specs.push([scoped(stack, name), stackService(stack, name, service, config, files)]);
    } catch (error) {
      throw refusal(`service ${name}: ${messageOf(error)}`);
    }
  }
  const { services: present } = await stackContents(engine, stack);
  const ids: string[] = [];
  for (const [name, spec] of specs) {
    const image = spec.TaskTemplate.ContainerSpec?.Image ?? '';
    const headers = options.flag('with-registry-auth') ? authHeader(image) : {};
    const service = present.find(({ Spec }) => Spec.Name === name);
    print(service === undefined ? `Creating service ${name}` : `Updating service ${name} (id: ${service.ID})`);
    try {
      ids.push(await deployService(engine, spec, service, { headers, resolving }));
    } catch (error) {
      throw refusal(`failed to ${service === undefined ? 'create' : 'update'} service ${name}: ${messageOf(error)}`);
    }
  }
  return ids;
}

/** @returns the service's id. */
async function deployService(
  engine: Connection,
  spec: ServiceSpec,
  before: Service | undefined,
  { headers, resolving }: { readonly headers: Readonly<Record<string, string>>; readonly resolving: string },
): Promise<string> {
  const isSame = before?.Spec.Labels?.[imageLabel] === spec.TaskTemplate.ContainerSpec?.Image;
  // The same image stays what it was found to be at first, so that its tasks are not replaced for nothing.
  const keeps = before !== undefined && resolving !== 'always' && isSame;
  const asks = resolving === 'always' || (resolving === 'changed' && !keeps);
  const { spec: body, warning } = keeps
    ? { spec: withTask(spec, before, before.Spec.TaskTemplate.ContainerSpec?.Image ?? ''), warning: undefined }
    : await pinImage(engine, withTask(spec, before), asks);
  const sent = { headers, body };
  const answer =
    before === undefined
      ? await engine.ask<{ readonly ID: string }>('POST', '/services/create', sent)
      : await engine.ask<unknown>('POST', `/services/${before.ID}/update`, {
          ...sent,
          query: { version: before.Version.Index },
        });
  if (warning !== undefined) process.stderr.write(`${warning}\n`);
  return before?.ID ?? (answer as { readonly ID: string }).ID;
}

/** What was forced before stays as it is: a stack does not force anything. */
function withTask(spec: ServiceSpec, before: Service | undefined, image?: string): ServiceSpec {
  const { ContainerSpec } = spec.TaskTemplate;
  return {
    ...spec,
    TaskTemplate: {
      ...spec.TaskTemplate,
      ContainerSpec: { ...ContainerSpec, ...(image !== undefined && { Image: image }) },
      ...(before?.Spec.TaskTemplate.ForceUpdate && { ForceUpdate: before.Spec.TaskTemplate.ForceUpdate }),
    },
  };
}

async function awaitAll({ engine, options }: Invocation, ids: readonly string[]): Promise<number> {
  let code = 0;
  for (const id of ids) {
    try {
      await awaitService(engine, id, options.flag('quiet') ? undefined : process.stdout);
    } catch (error) {
      process.stderr.write(`${id}: ${messageOf(error)}\n`);
      code = 1;
    }
  }
  return code;
}
