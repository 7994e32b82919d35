import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Json, servePlugin } from './plugin-server.ts';

/**
 * A plugin as others write them, for both sides of a comparison: volumes are directories, and it refuses to remove or to
 * let go of what it should not. What it knows outlives it. To be run with `node volume-plugin.ts SOCKET FOLDER`.
 *
 * `FOLDER/volumes/NAME/content` is what a volume holds, `options.json` what it was made with, and `mounts` has a file for
 * each mount that was not taken back.
 */

const [socket = '', folder = ''] = process.argv.slice(2);

const placeOf = (name: string, ...path: string[]) => join(folder, 'volumes', name, ...path);
const nameIn = (request: Json) => String(request['Name'] ?? '');

/** Name of a volume that is there. */
function known(request: Json): string {
  const name = nameIn(request);
  if (name === '' || !existsSync(placeOf(name))) throw new Error(`no volume ${name} here`);
  return name;
}

function shown(name: string): Json {
  const { created } = JSON.parse(readFileSync(placeOf(name, 'options.json'), 'utf8'));
  return { Name: name, Mountpoint: placeOf(name, 'content'), ...(created && { CreatedAt: created }) };
}

mkdirSync(join(folder, 'volumes'), { recursive: true });
servePlugin(socket, folder, {
  'Plugin.Activate': () => ({ Implements: ['VolumeDriver'] }),
  'VolumeDriver.Capabilities': () => ({ Capabilities: { Scope: 'global' } }),
  'VolumeDriver.Create': (request) => {
    const options = (request['Opts'] ?? {}) as Json;
    if (options['fail'] !== undefined) throw new Error(`cannot: ${options['fail']}`);
    for (const part of ['content', 'mounts']) mkdirSync(placeOf(nameIn(request), part), { recursive: true });
    writeFileSync(placeOf(nameIn(request), 'options.json'), JSON.stringify(options));
    return {};
  },
  'VolumeDriver.Remove': (request) => {
    const name = known(request);
    const mounts = readdirSync(placeOf(name, 'mounts'));
    if (mounts.length > 0) throw new Error(`volume ${name} is mounted`);
    rmSync(placeOf(name), { recursive: true });
    return {};
  },
  'VolumeDriver.Mount': (request) => {
    const name = known(request);
    writeFileSync(placeOf(name, 'mounts', String(request['ID'])), '');
    return { Mountpoint: placeOf(name, 'content') };
  },
  'VolumeDriver.Unmount': (request) => {
    rmSync(placeOf(known(request), 'mounts', String(request['ID'])));
    return {};
  },
  'VolumeDriver.Path': (request) => ({ Mountpoint: placeOf(known(request), 'content') }),
  'VolumeDriver.Get': (request) => {
    const name = known(request);
    const mounts = readdirSync(placeOf(name, 'mounts')).length;
    return { Volume: { ...shown(name), Status: { mounts, kind: process.env['KIND'] ?? 'directory' } } };
  },
  'VolumeDriver.List': () => ({ Volumes: readdirSync(join(folder, 'volumes')).map(shown) }),
});
