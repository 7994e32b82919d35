import { messageOf } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { momentText } from '../container/logs.ts';
import { filterText } from '../format/listing.ts';
import { compileTemplate } from '../format/template.ts';
import { productVersion } from '../product-version.ts';

/** Something that happened, as the engine says it. */
interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly timeNano: number;
}

/** `fairlead events`. */
export const events: Action = async ({ options, engine, print }) => {
  const render = eventFormat(options.text('format'));
  const happenings = engine.lines<Event>('GET', '/events', {
    query: {
      since: momentText(options.text('since')),
      until: momentText(options.text('until')),
      filters: filterText(options.list('filter')),
    },
  });
  for await (const event of happenings) print(render(event));
  return 0;
};

function eventFormat(format: string | undefined): (event: Event) => string {
  if (format === undefined) return eventText;
  return format === 'json' ? JSON.stringify : compileTemplate(format);
}

/** `2026-01-02T03:04:05.678000000Z container start 4f… (image=busybox, name=web)`. */
function eventText({ Type, Action: action, Actor, timeNano }: Event): string {
  const time = new Date(timeNano / 1e6).toISOString().replace('Z', '000000Z');
  const attributes = Object.entries(Actor.Attributes).sort(([left], [right]) => left.localeCompare(right));
  return `${time} ${Type} ${action} ${Actor.ID} (${attributes.map(([key, value]) => `${key}=${value}`).join(', ')})`;
}

/** `fairlead info`. */
export const info: Action = async ({ options, engine, print }) => {
  const facts = await engine.ask<Readonly<Record<string, unknown>>>('GET', '/info');
  const format = options.text('format');
  if (options.flag('json') || format === 'json')
    print(JSON.stringify(facts, null, options.flag('json') ? 2 : undefined));
  else if (format !== undefined) print(compileTemplate(format)(facts));
  else for (const [name, field] of shownFacts) print(` ${name}: ${String(facts[field] ?? '')}`);
  return 0;
};

const shownFacts: readonly [name: string, field: string][] = [
  ['Containers', 'Containers'],
  ['  Running', 'ContainersRunning'],
  ['  Paused', 'ContainersPaused'],
  ['  Stopped', 'ContainersStopped'],
  ['Images', 'Images'],
  ['Server Version', 'ServerVersion'],
  ['Storage Driver', 'Driver'],
  ['Cgroup Driver', 'CgroupDriver'],
  ['Cgroup Version', 'CgroupVersion'],
  ['Kernel Version', 'KernelVersion'],
  ['Operating System', 'OperatingSystem'],
  ['OSType', 'OSType'],
  ['Architecture', 'Architecture'],
  ['CPUs', 'NCPU'],
  ['Total Memory', 'MemTotal'],
  ['Name', 'Name'],
  ['ID', 'ID'],
  ['Docker Root Dir', 'DockerRootDir'],
  ['Debug Mode', 'Debug'],
];

/** `fairlead version`: what is known without the engine is shown even when there is none. */
export const version: Action = async ({ options, engine, print }) => {
  const client = clientVersion();
  const server = await engine
    .ask<Readonly<Record<string, unknown>>>('GET', '/version')
    .catch((error: unknown) => messageOf(error));
  const both = { Client: client, Server: typeof server === 'string' ? null : server };
  const format = options.text('format');
  if (options.flag('json') || format === 'json') print(JSON.stringify(both));
  else if (format !== undefined) print(compileTemplate(format)(both));
  else {
    printVersion('Client: Fairlead', client, print);
    if (typeof server !== 'string') printVersion('\nServer: Fairlead', server, print);
  }
  if (typeof server !== 'string') return 0;
  process.stderr.write(`${server}\n`);
  return 1;
};

function clientVersion(): Readonly<Record<string, unknown>> {
  return {
    Version: productVersion(),
    Node: process.version,
    Os: process.platform,
    Arch: process.arch,
  };
}

function printVersion(title: string, values: Readonly<Record<string, unknown>>, print: (line: string) => void): void {
  print(title);
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'object') print(` ${`${name}:`.padEnd(18)}${String(value)}`);
  }
}
