import { splitAssignment } from '../command/options.ts';
import type { Connection } from '../connection/connection.ts';
import type { Attachment } from './wire.ts';

/**
 * Read a `--network` of a service: `NAME`, or `name=NAME,alias=…,driver-opt=key=value` (docker/cli, opts/network.go).
 *
 * @returns with the network's name as its target.
 * @throws Error in docker's words.
 */
export function attachment(text: string): Attachment {
  if (!/\w+=\w+/.test(text)) return { Target: text };
  const pairs = text.split(',').map((field) => {
    const [key, value] = splitAssignment(field.toLowerCase());
    if (key === '' || !field.includes('=')) throw new Error(`invalid field ${field}`);
    return [key.trim(), value.trim()] as const;
  });
  const unknown = pairs.find(([key]) => !known.has(key))?.[0];
  if (unknown !== undefined) throw new Error(`invalid field key ${unknown}`);
  const all = (name: string) => pairs.filter(([key]) => key === name).map(([, value]) => value);
  const name = all('name').at(-1);
  if (!name) throw new Error('network name/id is not specified');
  const options = all('driver-opt').map((option) => {
    if (!/^[^=]+=/.test(option)) throw new Error('invalid key value pair format in driver options');
    return splitAssignment(option).map((part) => part.trim());
  });
  return {
    Target: name,
    Aliases: all('alias'),
    ...(options.length > 0 && { DriverOpts: Object.fromEntries(options) }),
  };
}

const known = new Set(['name', 'alias', 'driver-opt', 'ip', 'ip6', 'mac-address', 'link-local-ip', 'gw-priority']);

/** The same with the network's id as its target. */
export async function resolveNetwork(engine: Connection, asked: Attachment): Promise<Attachment> {
  return { ...asked, Target: await networkId(engine, asked.Target ?? '') };
}

/** The id of a network of the swarm. @throws FairleadError when there is none. */
export async function networkId(engine: Connection, name: string): Promise<string> {
  const network = await engine.ask<{ readonly Id: string }>('GET', `/networks/${name}`, { query: { scope: 'swarm' } });
  return network.Id;
}
