import { connect } from 'node:net';
import type { Json } from '@fairlead/engine';
import type { ServedFake } from './serve-fake.ts';

/** One request as bytes, answered with all that comes back before the connection ends. */
export async function raw(fake: ServedFake, text: string): Promise<string> {
  const socket = connect(fake.socketPath);
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

/** Make a container of `busybox`; its id. */
export async function createContainer(
  fake: ServedFake,
  command: readonly string[],
  extra: Readonly<Record<string, Json>> = {},
): Promise<string> {
  const body = { Image: 'busybox', Cmd: command, ...extra };
  return (await fake.client.json<{ Id: string }>('POST', '/containers/create', { body })).Id;
}

/** Make a container of `busybox` and start it; its id. */
export async function startContainer(
  fake: ServedFake,
  command: readonly string[],
  extra: Readonly<Record<string, Json>> = {},
): Promise<string> {
  const id = await createContainer(fake, command, extra);
  await fake.client.json('POST', `/containers/${id}/start`);
  return id;
}
