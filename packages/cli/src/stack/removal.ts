import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import type { Service } from '../service/wire.ts';
import type { Task } from '../swarm/tasks.ts';
import { checkStackName, stackContents, stackLabel } from './namespace.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 200;

/** `fairlead stack rm`. */
export const remove: Action = async (invocation) => {
  const { words, options, engine } = invocation;
  words.forEach(checkStackName);
  let code = 0;
  for (const stack of words) {
    const { services, networks, secrets, configs } = await stackContents(engine, stack);
    if (services.length + networks.length + secrets.length + configs.length === 0) {
      process.stderr.write(`Nothing found in stack: ${stack}\n`);
      continue;
    }
    const done = [
      await removeServices(invocation, services),
      await removeEach(
        invocation,
        'secret',
        secrets.map(({ ID, Spec }) => [ID, Spec.Name]),
      ),
      await removeEach(
        invocation,
        'config',
        configs.map(({ ID, Spec }) => [ID, Spec.Name]),
      ),
      await removeEach(
        invocation,
        'network',
        networks.map(({ Id, Name }) => [Id, Name]),
      ),
    ];
    if (done.every(Boolean)) {
      if (!options.flag('detach', true)) await untilEnded(engine, stack);
      continue;
    }
    process.stderr.write(`Failed to remove some resources from stack: ${stack}\n`);
    code = 1;
  }
  return code;
};

/** Remove services by their names' order. @returns false when any is left. */
export function removeServices(invocation: Invocation, services: readonly Service[]): Promise<boolean> {
  const named = services.map(({ ID, Spec }) => [ID, Spec.Name ?? ''] as const);
  return removeEach(
    invocation,
    'service',
    named.toSorted(([, left], [, right]) => (left < right ? -1 : 1)),
  );
}

async function removeEach(
  { engine, print }: Invocation,
  kind: string,
  things: readonly (readonly [id: string, name: string])[],
): Promise<boolean> {
  let isDone = true;
  for (const [id, name] of things) {
    print(`Removing ${kind} ${name}`);
    try {
      await engine.ask('DELETE', `/${kind}s/${id}`);
    } catch (error) {
      process.stderr.write(`Failed to remove ${kind} ${id}: ${messageOf(error)}`);
      isDone = false;
    }
  }
  return isDone;
}

/** Wait until no task of the stack runs any more. */
async function untilEnded(engine: Connection, stack: string): Promise<void> {
  const query = { filters: JSON.stringify({ label: [`${stackLabel}=${stack}`] }) };
  const isOver = ({ Status }: Task) => /^(complete|shutdown|failed|rejected|remove|orphaned)$/.test(Status.State);
  while (!(await engine.ask<readonly Task[]>('GET', '/tasks', { query })).every(isOver)) await sleep(LOOK_MS);
}
