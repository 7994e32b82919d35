import { splitFrames } from '@fairlead/api/client';
import { isNotFound, shortIdentifier } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import { outputFor } from '../connection/terminal-session.ts';
import { momentText } from '../container/logs.ts';
import { Names, type Task } from '../swarm/tasks.ts';
import type { Service } from './wire.ts';

/** `fairlead service logs`: of a service, else of a task by that id. */
export const logs: Action = async (invocation) => {
  const {
    words: [name = ''],
    options,
    engine,
  } = invocation;
  const { path, tty, width } = await subject(invocation, name);
  const isRaw = options.flag('raw');
  if (tty && !isRaw) throw refusal('tty service logs only supported with --raw');
  const body = await engine.open('GET', `${path}/logs`, {
    query: {
      stdout: true,
      stderr: true,
      follow: options.flag('follow') || undefined,
      // Each line's details say which task has written it.
      details: options.flag('details') || !isRaw || undefined,
      timestamps: options.flag('timestamps') || undefined,
      tail: options.text('tail'),
      since: momentText(options.text('since')),
    },
  });
  if (tty) for await (const piece of body) process.stdout.write(piece);
  else {
    const origins = new Origins(invocation, width);
    for await (const { stream, data } of splitFrames(body)) {
      outputFor(stream).write(isRaw || stream === 'systemerr' ? data : await origins.line(String(data)));
    }
  }
  return 0;
};

interface Subject {
  readonly path: string;
  readonly tty: boolean;
  /** Digits of the highest slot. */
  readonly width: number;
}

async function subject({ engine }: Invocation, name: string): Promise<Subject> {
  try {
    const { Spec } = await engine.ask<Service>('GET', `/services/${name}`);
    const replicas = Spec.Mode?.Replicated?.Replicas ?? 1;
    const { TTY = false } = Spec.TaskTemplate.ContainerSpec ?? {};
    return { path: `/services/${name}`, tty: TTY, width: String(replicas).length };
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    const { Spec, Slot = 0 } = await engine.ask<Task>('GET', `/tasks/${name}`);
    return { path: `/tasks/${name}`, tty: Spec.ContainerSpec?.TTY ?? false, width: String(Slot).length };
  } catch (error) {
    throw isNotFound(error) ? refusal(`no such task or service: ${name}`) : error;
  }
}

/** Writes before each line where it is from. */
class Origins {
  readonly #invocation: Invocation;
  readonly #width: number;
  readonly #names: Names;
  /** By the id of the task. */
  readonly #known = new Map<string, string>();

  constructor(invocation: Invocation, width: number) {
    this.#invocation = invocation;
    this.#width = width;
    this.#names = new Names(invocation.engine, invocation.options.flag('no-resolve'));
  }

  /** @param text `[time ]details message` as the engine has it. */
  async line(text: string): Promise<string> {
    const { options } = this.#invocation;
    const form = options.flag('timestamps') ? /^(\S+ )(\S*) ([\s\S]*)$/ : /^()(\S*) ([\s\S]*)$/;
    const [, time = '', details = '', message] = form.exec(text) ?? [];
    if (message === undefined) throw refusal(`invalid context in log message: ${text}`);
    const { own, origin } = splitDetails(details);
    const shown = options.flag('details') ? `${own.join(',')} ` : '';
    return `${time}${await this.#origin(origin)}    | ${shown}${message}`;
  }

  async #origin({ task, service, node }: Origin): Promise<string> {
    const known = this.#known.get(task);
    if (known !== undefined) return known;
    const { options, engine } = this.#invocation;
    const { Slot = 0, ID } = await engine.ask<Task>('GET', `/tasks/${task}`);
    const id = options.flag('no-trunc') ? ID : shortIdentifier(ID);
    const name = `${await this.#names.ofService(service)}.${Slot}${options.flag('no-task-ids') ? '' : `.${id}`}`;
    const padding = ' '.repeat(Math.max(0, this.#width - String(Slot).length));
    const origin = `${name}@${await this.#names.ofNode(node)}${padding}`;
    this.#known.set(task, origin);
    return origin;
  }
}

interface Origin {
  readonly task: string;
  readonly service: string;
  readonly node: string;
}

/** The details of a line that are its own, and those that say where it is from. */
function splitDetails(text: string): { readonly own: readonly string[]; readonly origin: Origin } {
  const pairs = text.split(',').map((pair) => pair.split('=').map(decodeURIComponent));
  const swarm = 'com.docker.swarm.';
  const [node, service, task] = ['node.id', 'service.id', 'task.id'].map((name) => {
    const value = pairs.find(([key]) => key === `${swarm}${name}`)?.[1];
    if (value === undefined) throw refusal(`missing ${name.replace('.', ' ')} in details: ${text}`);
    return value;
  });
  const own = pairs.filter(([key = '']) => !/^com\.docker\.swarm\.(node|service|task)\.id$/.test(key));
  return {
    own: own.map((pair) => pair.join('=')).sort(),
    origin: { task: task ?? '', service: service ?? '', node: node ?? '' },
  };
}
