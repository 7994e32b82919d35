import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FairleadError } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import type { Connection } from '../connection/connection.ts';
import { sizeText } from '../format/quantity.ts';
import { packLocal, unpackLocal } from './local-archive.ts';

/** What the engine says of a path in a container, in a header. */
interface PathStat {
  /** Go's bits. */
  readonly mode: number;
  readonly linkTarget: string;
}

/** Go's bits for a directory and a symbolic link (io/fs, FileMode). */
const directoryBit = 2 ** 31;
const linkBit = 2 ** 27;

interface Place {
  /** Absent for this machine. */
  readonly container?: string;
  readonly path: string;
}

/** `fairlead cp`. */
export const copy: Action = async (invocation) => {
  const { words } = invocation;
  const [source, target] = words.map(parsePlace);
  if (source === undefined || target === undefined || source.path === '' || target.path === '') {
    throw new FairleadError('invalid-argument', 'source and destination can not be empty');
  }
  if (source.container !== undefined && target.container !== undefined) {
    throw new FairleadError('invalid-argument', 'copying between containers is not supported');
  }
  if (source.container !== undefined) return await copyOut(invocation, source.container, source.path, target.path);
  if (target.container !== undefined) return await copyIn(invocation, source.path, target.container, target.path);
  throw new FairleadError('invalid-argument', 'must specify at least one container source');
};

/** `web:/etc`; what begins with a slash or a dot is on this machine, and so is `-`. */
function parsePlace(text: string): Place {
  const at = text.indexOf(':');
  if (/^[/.]/.test(text) || at <= 0) return { path: text };
  return { container: text.slice(0, at), path: text.slice(at + 1) };
}

async function copyOut({ options, engine }: Invocation, container: string, path: string, target: string) {
  // The content of a directory is asked for with its own name above it, which is then replaced.
  const plain = path.replace(/\/\.?\/?$/, '') || '/';
  const follows = options.flag('follow-link') || endsInDot(path);
  const source = follows ? await followed(engine, container, plain) : plain;
  const message = await engine.open('GET', `/containers/${container}/archive`, { query: { path: source } });
  if (target === '-') {
    await pipeline(message, process.stdout, { end: false });
    return 0;
  }
  const isDirectory = (statOf(message.headers)?.mode ?? 0) >= directoryBit;
  const counter = new Counter();
  // What goes wrong here leaves an answer that nobody reads.
  using _ = { [Symbol.dispose]: () => void message.destroy() };
  const place = localTarget(target, isDirectory, endsInDot(path) ? undefined : posix.basename(path));
  await unpackLocal(counter.through(message), { target: place, owners: options.flag('archive') });
  counter.tell(options, target);
  return 0;
}

/** Where the top of what is copied comes to be. @param name none when only the content is copied. */
function localTarget(target: string, isDirectory: boolean, name: string | undefined): string {
  const present = statSync(target, { throwIfNoEntry: false });
  if (present?.isDirectory()) return name === undefined ? realpathSync(target) : join(target, name);
  if (present !== undefined) {
    if (isDirectory) throw new FairleadError('invalid-argument', 'cannot copy directory');
    return target;
  }
  if (!isDirectory && target.endsWith('/')) throw new FairleadError('not-found', 'no such directory');
  const parent = dirname(resolve(target));
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
    throw new FairleadError('not-found', `invalid output path: directory "${parent}" does not exist`);
  }
  return target;
}

async function copyIn({ options, engine }: Invocation, path: string, container: string, wanted: string) {
  const target = await followed(engine, container, wanted);
  const stat = await statIn(engine, container, target);
  const isDirectory = stat !== undefined && stat.mode >= directoryBit;
  const counter = new Counter();
  const send = (archive: AsyncIterable<Uint8Array>, directory: string) =>
    engine.ask('PUT', `/containers/${container}/archive`, {
      query: {
        path: directory,
        noOverwriteDirNonDir: path === '-' ? undefined : true,
        copyUIDGID: options.flag('archive') || undefined,
      },
      headers: { 'content-type': 'application/x-tar' },
      stream: counter.through(archive),
    });
  if (path === '-') {
    if (!isDirectory) {
      throw new FairleadError('invalid-argument', `destination "${container}:${wanted}" must be a directory`);
    }
    await send(process.stdin, target);
    return 0;
  }
  const source = options.flag('follow-link') ? realpathSync(path) : resolve(path);
  const isTree = lstatSync(source).isDirectory();
  const [directory, name] = placeIn(target, stat, isTree, endsInDot(path) ? undefined : basename(source));
  await send(packLocal(source, name), directory);
  counter.tell(options, `${container}:${wanted}`);
  return 0;
}

/** The directory in the container, and the name of the top there. */
function placeIn(
  target: string,
  stat: PathStat | undefined,
  isTree: boolean,
  name: string | undefined,
): readonly [directory: string, name: string] {
  if (stat !== undefined && stat.mode >= directoryBit) return [target, name ?? '.'];
  if (stat !== undefined && isTree) throw new FairleadError('invalid-argument', 'cannot copy directory');
  if (stat === undefined && !isTree && target.endsWith('/')) throw new FairleadError('not-found', 'no such directory');
  const plain = target.replace(/\/+$/, '');
  return [posix.dirname(plain), posix.basename(plain)];
}

async function followed(engine: Connection, container: string, path: string): Promise<string> {
  const stat = await statIn(engine, container, path);
  if (stat === undefined || Math.floor(stat.mode / linkBit) % 2 === 0) return path;
  return posix.isAbsolute(stat.linkTarget) ? stat.linkTarget : posix.join(posix.dirname(path), stat.linkTarget);
}

async function statIn(engine: Connection, container: string, path: string): Promise<PathStat | undefined> {
  try {
    return statOf((await engine.open('HEAD', `/containers/${container}/archive`, { query: { path } })).headers);
  } catch (error) {
    // An answer to HEAD has no words: whether it is the container that is missing is asked for.
    if (!(error instanceof FairleadError) || error.code !== 'not-found') throw error;
    await engine.ask('GET', `/containers/${container}/json`);
    return undefined;
  }
}

function statOf(headers: NodeJS.Dict<string | string[]>): PathStat | undefined {
  const header = headers['x-docker-container-path-stat'];
  return typeof header === 'string' ? JSON.parse(Buffer.from(header, 'base64').toString('utf8')) : undefined;
}

function endsInDot(path: string): boolean {
  return /(^|\/)\.\/?$/.test(path);
}

/** Counts what goes through it. */
class Counter {
  #bytes = 0;

  async *through(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const piece of source) {
      this.#bytes += piece.length;
      yield piece;
    }
  }

  /** As docker, only to somebody who looks. */
  tell(options: Invocation['options'], target: string): void {
    if (options.flag('quiet') || !process.stdout.isTTY) return;
    process.stderr.write(`Successfully copied ${sizeText(this.#bytes)} to ${target}\n`);
  }
}
