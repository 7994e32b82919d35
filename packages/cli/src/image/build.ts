import { rmSync, writeFileSync } from 'node:fs';
import { FairleadError } from '@fairlead/base';
import type { Action } from '../command/command.ts';
import { type Options, splitAssignment } from '../command/options.ts';
import { extraHost } from '../container/extra-host.ts';
import { resourceLimits } from '../container/resource-limits.ts';
import { buildContext } from './build-context.ts';
import { ProgressDisplay, type ProgressMessage } from './progress-display.ts';

/** A line of a build. */
interface BuildMessage extends ProgressMessage {
  readonly errorDetail?: { readonly code?: number };
  readonly aux?: { readonly ID?: string };
}

/** `fairlead build`. Ends with the code of the command that failed. */
export const build: Action = async ({ words: [place = '.'], options, engine }) => {
  const { archive, dockerfile } = await buildContext(place, options.text('file'));
  const messages = engine.lines<BuildMessage>('POST', '/build', {
    query: { ...query(options), dockerfile },
    stream: archive,
    headers: { 'content-type': 'application/x-tar' },
  });
  const display = new ProgressDisplay(process.stdout);
  const idFile = options.text('iidfile');
  // What an earlier build has left must not be taken for this one's.
  if (idFile !== undefined) rmSync(idFile, { force: true });
  let id = '';
  for await (const message of messages) {
    id = message.aux?.ID ?? (options.flag('quiet') ? message.stream?.trim() : undefined) ?? id;
    if (message.error !== undefined) return failed(message.error, message.errorDetail?.code);
    // What commands write comes in pieces, not in lines.
    if (message.stream !== undefined) process.stdout.write(message.stream);
    else if (message.status !== undefined) display.show(message);
  }
  if (idFile !== undefined) writeFileSync(idFile, id);
  return 0;
};

function failed(message: string, code: number | undefined): number {
  if (code === undefined) throw new FairleadError('internal', message);
  process.stderr.write(`${message}\n`);
  return code;
}

function query(options: Options): Record<string, string | number | readonly string[] | undefined> {
  const limits = resourceLimits(options);
  const flag = (name: string) => (options.flag(name) ? 1 : undefined);
  const json = (value: object) => (Object.keys(value).length === 0 ? undefined : JSON.stringify(value));
  const number = (name: string) => (typeof limits[name] === 'number' ? limits[name] : undefined);
  return {
    t: options.list('tag'),
    q: flag('quiet'),
    nocache: flag('no-cache'),
    pull: flag('pull'),
    rm: options.flag('rm', true) ? 1 : 0,
    forcerm: flag('force-rm'),
    target: options.text('target'),
    platform: options.text('platform'),
    networkmode: options.text('network'),
    extrahosts: options.list('add-host').map(extraHost),
    buildargs: json(Object.fromEntries(options.list('build-arg').map(buildArgument))),
    labels: json(options.map('label')),
    cachefrom: json(options.list('cache-from')),
    memory: number('Memory'),
    memswap: number('MemorySwap'),
    cpushares: number('CpuShares'),
    shmsize: number('ShmSize'),
    cpusetcpus: options.text('cpuset-cpus'),
    cpusetmems: options.text('cpuset-mems'),
    cpuperiod: number('CpuPeriod'),
    cpuquota: number('CpuQuota'),
    cgroupparent: options.text('cgroup-parent'),
    securityopt: options.list('security-opt'),
    squash: flag('squash'),
    ulimits: json(Array.isArray(limits['Ulimits']) ? limits['Ulimits'] : []),
  };
}

/** A name alone has the value that it has here, or none. */
function buildArgument(text: string): [name: string, value: string | null] {
  const [name, value] = splitAssignment(text);
  return [name, text.includes('=') ? value : (process.env[name] ?? null)];
}
