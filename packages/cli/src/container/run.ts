import { writeFileSync } from 'node:fs';
import { FairleadError, isNotFound, messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { attachedStreams, type CreateRequest, createRequest } from './create-request.ts';
import { reportStartFailure } from './exit-status.ts';

interface Created {
  readonly Id: string;
  readonly Warnings: readonly string[] | null;
}

/** Exit code when the container could not even be made. */
const engineFailure = 125;

/** `fairlead run`. */
export const run: Action = async (invocation) => {
  const { options, engine, print } = invocation;
  if (options.flag('dry-run')) return (await import('../insight/dry-run.ts')).explainRun(invocation);
  let id: string;
  try {
    id = await createFrom(invocation, requestFrom(invocation));
  } catch (error) {
    process.stderr.write(`fairlead: ${messageOf(error)}\n`);
    return engineFailure;
  }
  const streams = attachedStreams(options);
  if (streams.length === 0) return startDetached(engine, id, print);
  const { joinContainer } = await import('./session.ts');
  return joinContainer(engine, id, {
    streams,
    tty: options.flag('tty'),
    signals: options.text('sig-proxy') !== 'false',
    detachKeys: options.text('detach-keys'),
    condition: options.flag('rm') ? 'removed' : 'next-exit',
    start: true,
  });
};

/** `fairlead create`. */
export const createOnly: Action = async (invocation) => {
  let body: CreateRequest;
  try {
    body = requestFrom(invocation);
  } catch (error) {
    process.stderr.write(`fairlead: ${messageOf(error)}\n`);
    return engineFailure;
  }
  invocation.print(await createFrom(invocation, body));
  return 0;
};

function requestFrom({ words: [image = '', ...command], options }: Invocation): CreateRequest {
  return createRequest(image, command, options);
}

async function startDetached(engine: Connection, id: string, print: (line: string) => void): Promise<number> {
  try {
    await engine.ask('POST', `/containers/${id}/start`);
  } catch (error) {
    return reportStartFailure(error);
  }
  print(id);
  return 0;
}

/** Make the container; an image that is not there is pulled first, as `--pull` has it. */
async function createFrom({ options, engine }: Invocation, body: CreateRequest): Promise<string> {
  const { Image: image } = body;
  const platform = options.text('platform');
  const policy = options.text('pull') ?? 'missing';
  const create = (): Promise<Created> =>
    engine.ask<Created>('POST', '/containers/create', { query: { name: options.text('name'), platform }, body });
  const fetch = async (): Promise<void> => {
    const { pullImage } = await import('../image/transfer.ts');
    await pullImage(engine, image, { platform, target: options.flag('quiet') ? undefined : process.stderr });
  };
  if (policy === 'always') await fetch();
  const { Id, Warnings } = await create().catch(async (error: unknown) => {
    if (policy !== 'missing' || !lacksImage(error)) throw error;
    process.stderr.write(`Unable to find image '${withTag(image)}' locally\n`);
    await fetch();
    return create();
  });
  for (const warning of Warnings ?? []) process.stderr.write(`WARNING: ${warning}\n`);
  const file = options.text('cidfile');
  if (file !== undefined) writeFileSync(file, Id, { flag: 'wx' });
  return Id;
}

/** A network that is not there is 404 as well, and no reason to pull. */
function lacksImage(error: unknown): boolean {
  return error instanceof FairleadError && isNotFound(error) && error.message.includes('No such image');
}

function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
