import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PluginAddress, parsePluginAddress, parsePluginJson } from './plugin-address.ts';

/** Where plugins say that they are there. */
export interface PluginPlaces {
  /** Folder of unix sockets. */
  readonly sockets: string;
  /** Folders of `.spec` and `.json` files, the first one that has a name wins. */
  readonly specs: readonly string[];
}

/** Docker's own places, so that a plugin needs to know nothing of us. */
export const dockerPluginPlaces: PluginPlaces = {
  sockets: '/run/docker/plugins',
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'],
};

/**
 * Find a plugin by name: a socket, then a file that says where it listens. Each may be in a folder of the same name.
 *
 * @returns nothing when there is none, and for names that are no file names.
 * @throws FairleadError `internal` for a file that says nothing usable.
 */
export function findPlugin(name: string, { sockets, specs }: PluginPlaces): PluginAddress | undefined {
  if (!isPluginName(name)) return undefined;
  const socket = candidates(sockets, name, '.sock').find(isSocket);
  if (socket !== undefined) return { kind: 'unix', path: socket };
  for (const folder of specs) {
    for (const path of [...candidates(folder, name, '.spec'), ...candidates(folder, name, '.json')]) {
      const text = read(path);
      if (text !== undefined) return path.endsWith('.json') ? parsePluginJson(text) : parsePluginAddress(text);
    }
  }
  return undefined;
}

/** Names of all plugins that can be found, in order. What a `.spec` or `.json` file says is not looked at. */
export function pluginNames({ sockets, specs }: PluginPlaces): string[] {
  const names = [...namesIn(sockets, ['.sock']), ...specs.flatMap((folder) => namesIn(folder, ['.spec', '.json']))];
  return [...new Set(names)].filter(isPluginName).sort();
}

function namesIn(folder: string, endings: readonly string[]): string[] {
  return entriesOf(folder).flatMap((entry) => {
    if (!entry.isDirectory())
      return endings.filter((end) => entry.name.endsWith(end)).map((end) => basename(entry.name, end));
    const isOwn = endings.some((ending) => existsSync(join(folder, entry.name, `${entry.name}${ending}`)));
    return isOwn ? [entry.name] : [];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** A plugin's name is a file's, and cannot lead out of the folder. */
function isPluginName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/.test(name) && name.length < 200;
}

function candidates(folder: string, name: string, ending: string): string[] {
  return [join(folder, `${name}${ending}`), join(folder, name, `${name}${ending}`)];
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
