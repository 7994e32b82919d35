import { readFileSync } from 'node:fs';
import { isNotFound, messageOf } from '@fairlead/base';
import type { ComposeConfig, ComposeFile, ComposeNetwork } from '@fairlead/compose';
import type { Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import { systemErrorText } from '../container/text-file.ts';
import type { PayloadKind } from '../swarm/payloads.ts';
import type { Payload } from '../swarm/wire.ts';
import { scoped, stackContents, stackLabel } from './namespace.ts';

/** Make the networks, secrets and configs of a stack that are not there yet. */
export async function deployParts(invocation: Invocation, stack: string, config: ComposeConfig): Promise<void> {
  await deployNetworks(invocation, stack, config);
  await deployFiles(invocation, stack, 'secret', config.secrets ?? {});
  await deployFiles(invocation, stack, 'config', config.configs ?? {});
}

/** Only those that a service is on. */
async function deployNetworks({ engine, print }: Invocation, stack: string, config: ComposeConfig): Promise<void> {
  const used = Object.values(config.services).flatMap(({ networks }) => Object.keys(networks ?? { default: null }));
  const wanted = [...new Set(used)].sort().map((key) => [key, config.networks?.[key] ?? {}] as const);
  for (const [, { external, name = '' }] of wanted) if (external) await checkExternal(engine, name);
  const { networks: present } = await stackContents(engine, stack);
  for (const [key, network] of wanted) {
    const name = network.name ?? scoped(stack, key);
    if (network.external || present.some(({ Name }) => Name === name)) continue;
    print(`Creating network ${name}`);
    try {
      await engine.ask('POST', '/networks/create', { body: networkRequest(stack, name, network) });
    } catch (error) {
      throw refusal(`failed to create network ${name}: ${messageOf(error)}`);
    }
  }
}

async function checkExternal(engine: Connection, name: string): Promise<void> {
  // Every node has these.
  if (/^(bridge|host|none|default)$/.test(name)) return;
  const network = await engine.ask<{ readonly Scope: string }>('GET', `/networks/${name}`).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
    throw refusal(
      `network ${JSON.stringify(name)} is declared as external, but could not be found. You need to create a ` +
        'swarm-scoped network before the stack is deployed',
    );
  });
  if (network.Scope === 'swarm') return;
  throw refusal(
    `network ${JSON.stringify(name)} is declared as external, but it is not in the right scope: ` +
      `${JSON.stringify(network.Scope)} instead of "swarm"`,
  );
}

function networkRequest(stack: string, name: string, network: ComposeNetwork): Record<string, unknown> {
  const { ipam } = network;
  return {
    Name: name,
    Driver: network.driver ?? 'overlay',
    Options: network.driver_opts ?? {},
    Labels: { ...network.labels, [stackLabel]: stack },
    Internal: network.internal ?? false,
    Attachable: network.attachable ?? false,
    ...(ipam && {
      IPAM: { Driver: ipam.driver ?? '', Config: (ipam.config ?? []).map(({ subnet = '' }) => ({ Subnet: subnet })) },
    }),
  };
}

/** What is there already is updated, which the engine refuses when its content is another. */
async function deployFiles(
  { engine, print }: Invocation,
  stack: string,
  kind: PayloadKind,
  files: Readonly<Record<string, ComposeFile>>,
): Promise<void> {
  const own = Object.entries(files).filter(([, { external }]) => external !== true);
  const bodies = own.map(([key, file]) => [file.name ?? scoped(stack, key), fileRequest(stack, key, file)] as const);
  for (const [name, body] of bodies) {
    const present = await engine.ask<Payload>('GET', `/${kind}s/${name}`).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    try {
      if (present === undefined) {
        print(`Creating ${kind} ${name}`);
        await engine.ask('POST', `/${kind}s/create`, { body });
      } else {
        const query = { version: present.Version.Index };
        await engine.ask('POST', `/${kind}s/${present.ID}/update`, { query, body });
      }
    } catch (error) {
      throw refusal(`failed to ${present === undefined ? 'create' : 'update'} ${kind} ${name}: ${messageOf(error)}`);
    }
  }
}

function fileRequest(stack: string, key: string, file: ComposeFile): Record<string, unknown> {
  const { driver, driver_opts: options, template_driver: template } = file;
  return {
    Name: file.name ?? scoped(stack, key),
    Labels: { ...file.labels, [stackLabel]: stack },
    ...(driver ? { Driver: { Name: driver, Options: options ?? {} } } : { Data: contentOf(file.file ?? '') }),
    ...(template && { Templating: { Name: template } }),
  };
}

/** @returns base64. */
function contentOf(path: string): string {
  try {
    return readFileSync(path).toString('base64');
  } catch (error) {
    throw refusal(systemErrorText(path, error) ?? messageOf(error));
  }
}
