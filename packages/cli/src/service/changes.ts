import { messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { forEachName } from '../container/for-each-name.ts';
import { authHeader } from '../image/registry-credentials.ts';
import { changedService } from './changed-service.ts';
import { awaitService } from './convergence.ts';
import { pinImage } from './image-pin.ts';
import { newService } from './new-service.ts';
import type { Service, ServiceSpec } from './wire.ts';

interface Warned {
  readonly Warnings?: readonly string[] | null;
}

/** `fairlead service create`. */
export const create: Action = async (invocation) => {
  const { words, options, engine, print } = invocation;
  const asked = await newService(engine, words, options);
  const headers = registryHeaders(invocation, words[0] ?? '');
  const { spec, warning } = await pinImage(engine, asked, !options.flag('no-resolve-image'));
  const made = await engine.ask<{ readonly ID: string } & Warned>('POST', '/services/create', { body: spec, headers });
  warn([...(made.Warnings ?? []), ...(warning === undefined ? [] : [warning])]);
  print(made.ID);
  return await waited(invocation, [made.ID]);
};

/** `fairlead service update`. */
export const update: Action = async (invocation) => {
  const {
    words: [name = ''],
    options,
    engine,
    print,
  } = invocation;
  const service = await engine.ask<Service>('GET', `/services/${name}`);
  const rollsBack = options.flag('rollback');
  if (rollsBack && options.hasOther('rollback', 'detach', 'quiet')) {
    throw refusal('other flags may not be combined with --rollback');
  }
  const asked = await changedService(engine, service.Spec, options);
  const headers = registryHeaders(invocation, asked.TaskTemplate.ContainerSpec?.Image ?? '');
  const pins = options.has('image') && !options.flag('no-resolve-image');
  const { spec, warning } = options.has('image') ? await pinImage(engine, asked, pins) : { spec: asked };
  await send(engine, service, spec, {
    headers,
    query: {
      ...(!options.flag('with-registry-auth') && { registryAuthFrom: 'spec' }),
      ...(rollsBack && { rollback: 'previous' }),
    },
    warnings: warning === undefined ? [] : [warning],
  });
  print(name);
  return await waited(invocation, [name]);
};

/** `fairlead service rollback`. */
export const rollback: Action = async (invocation) => {
  const {
    words: [name = ''],
    engine,
    print,
  } = invocation;
  const service = await engine.ask<Service>('GET', `/services/${name}`);
  await send(engine, service, service.Spec, { query: { rollback: 'previous' } });
  print(name);
  return await waited(invocation, [name]);
};

/** `fairlead service scale`. */
export const scale: Action = async (invocation) => {
  const { words, engine, print } = invocation;
  const wrong = words.find((word) => !/^[^=]+=./s.test(word));
  if (wrong !== undefined) {
    throw refusal(`invalid scale specifier '${wrong}'.\nSee 'fairlead service scale --help'.`);
  }
  const [failures, scaled]: [string[], string[]] = [[], []];
  for (const word of words) {
    const at = word.indexOf('=');
    const [name, count] = [word.slice(0, at), word.slice(at + 1)];
    try {
      await scaleTo(engine, name, count);
      print(`${name} scaled to ${Number(count)}`);
      scaled.push(name);
    } catch (error) {
      failures.push(`${name}: ${messageOf(error)}`);
    }
  }
  const code = scaled.length === 0 ? 0 : await waited(invocation, scaled);
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  return failures.length === 0 ? code : 1;
};

async function scaleTo(engine: Connection, name: string, count: string): Promise<void> {
  if (!/^\d+$/.test(count)) {
    const fault = `strconv.ParseUint: parsing ${JSON.stringify(count)}: invalid syntax`;
    throw refusal(`invalid replicas value ${count}: ${fault}`);
  }
  const service = await engine.ask<Service>('GET', `/services/${name}`);
  const { Mode } = service.Spec;
  if (!Mode?.Replicated && !Mode?.ReplicatedJob) {
    throw refusal('scale can only be used with replicated or replicated-job mode');
  }
  const mode = Mode.Replicated
    ? { Replicated: { Replicas: Number(count) } }
    : { ReplicatedJob: { ...Mode.ReplicatedJob, TotalCompletions: Number(count) } };
  await send(engine, service, { ...service.Spec, Mode: mode }, {});
}

/** `fairlead service rm`. */
export const remove: Action = (invocation) =>
  forEachName(invocation, (name) => invocation.engine.ask('DELETE', `/services/${name}`));

/** Give a service another specification, as long as nobody else has done so meanwhile. */
export async function send(
  engine: Connection,
  service: Service,
  body: ServiceSpec,
  {
    query = {},
    headers = {},
    warnings = [],
  }: {
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly warnings?: readonly string[];
  },
): Promise<void> {
  const { ID, Version } = service;
  const sent = { query: { version: Version.Index, ...query }, headers, body };
  const answer = await engine.ask<Warned | undefined>('POST', `/services/${ID}/update`, sent);
  warn([...(answer?.Warnings ?? []), ...warnings]);
}

function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
}

function registryHeaders({ options }: Invocation, image: string): Readonly<Record<string, string>> {
  return options.flag('with-registry-auth') ? authHeader(image) : {};
}

/** Wait until all of it runs, unless that was not asked for. */
async function waited({ options, engine }: Invocation, names: readonly string[]): Promise<number> {
  if (options.flag('detach')) return 0;
  let code = 0;
  for (const name of names) {
    try {
      await awaitService(engine, name, options.flag('quiet') ? undefined : process.stdout);
    } catch (error) {
      process.stderr.write(`${names.length > 1 ? `${name}: ` : ''}${messageOf(error)}\n`);
      code = 1;
    }
  }
  return code;
}
