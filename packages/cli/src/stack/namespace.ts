import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import type { Service } from '../service/wire.ts';
import type { Payload } from '../swarm/wire.ts';

/** The label that tells which stack something belongs to. */
export const stackLabel = 'com.docker.stack.namespace';

/** A network as lists have it. */
export interface StackNetwork {
  readonly Id: string;
  readonly Name: string;
}

/** What there is of a stack. */
export interface StackContents {
  readonly services: readonly Service[];
  readonly networks: readonly StackNetwork[];
  readonly secrets: readonly Payload[];
  readonly configs: readonly Payload[];
}

/** A filter for what belongs to a stack. */
export function ofStack(stack: string): string {
  return `label=${stackLabel}=${stack}`;
}

/** Everything that belongs to a stack. */
export async function stackContents(engine: Connection, stack: string): Promise<StackContents> {
  const query = { filters: JSON.stringify({ label: [`${stackLabel}=${stack}`] }) };
  const services = await engine.ask<readonly Service[]>('GET', '/services', { query });
  const networks = await engine.ask<readonly StackNetwork[]>('GET', '/networks', { query });
  const secrets = await engine.ask<readonly Payload[]>('GET', '/secrets', { query });
  const configs = await engine.ask<readonly Payload[]>('GET', '/configs', { query });
  return { services, networks, secrets, configs };
}

/** @throws FairleadError `invalid-argument` for a name that is nothing but spaces and quotes. */
export function checkStackName(name: string): string {
  if (name.replace(/[\s'"]+/g, '') !== '') return name;
  throw refusal(`invalid stack name: ${JSON.stringify(name)}`);
}

/** The name that something of a stack has outside of it. */
export function scoped(stack: string, name: string): string {
  return `${stack}_${name}`;
}
