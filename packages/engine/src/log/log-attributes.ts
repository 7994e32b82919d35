import { FairleadError, messageOf } from '@fairlead/base';
import type { Expression } from '@fairlead/base/expression';
import type { Container } from '../model.ts';

/** What a log says about its container in every entry, by name. */
export type LogAttributes = Readonly<Record<string, string>>;

/** What attributes are made from. */
export interface LogSubject extends Pick<Container, 'id' | 'name' | 'imageId' | 'path' | 'args' | 'env'> {
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Digits of an id that people read. */
const SHORT = 12;

/**
 * The labels, variables and the tag that the options of a log ask for (moby/daemon/logger/loginfo.go).
 *
 * @throws FairleadError `invalid-argument` in Docker's words, which it says when the container is started.
 */
export async function logAttributes(
  subject: LogSubject,
  options: Readonly<Record<string, string>>,
): Promise<LogAttributes> {
  const variables = Object.fromEntries(subject.env.map(nameAndValue));
  const attributes = {
    ...(await chosen(subject.labels, options['labels'], options['labels-regex'])),
    ...(await chosen(variables, options['env'], options['env-regex'])),
  };
  const tag = options['tag'] ? logTag(options['tag'], subject) : '';
  const all = Object.entries({ ...attributes, ...(tag !== '' && { tag }) });
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nameAndValue(variable: string): readonly [string, string] {
  const [name = '', ...rest] = variable.split('=');
  return [name, rest.join('=')];
}

async function chosen(all: LogAttributes, names = '', pattern = ''): Promise<LogAttributes> {
  const wanted = names.split(',');
  const expression = pattern === '' ? undefined : await expressionOf(pattern);
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => wanted.includes(name) || (expression?.test(name) ?? false)),
  );
}

async function expressionOf(pattern: string): Promise<Expression> {
  const { parseExpression } = await import('@fairlead/base/expression');
  try {
    return parseExpression(pattern);
  } catch (error) {
    return fail(messageOf(error));
  }
}

/**
 * A tag as its template asks for it; pipelines and functions are not served.
 *
 * @throws FairleadError as {@link logAttributes}.
 */
export function logTag(template: string, subject: LogSubject): string {
  const { id, imageId, name, image } = subject;
  const fields = new Map([
    ['ID', id.slice(0, SHORT)],
    ['FullID', id],
    ['Name', name],
    ['ImageID', imageId.slice(0, SHORT)],
    ['ImageFullID', imageId],
    ['ImageName', image],
    ['Command', [subject.path, ...subject.args].join(' ')],
    ['DaemonName', 'docker'],
  ]);
  return template.replace(/\{\{(.*?)(\}\}|$)/gs, (_, inside: string, end: string) => {
    if (end === '') fail('template: log-tag:1: unclosed action');
    const field = /^\s*\.(\w+)\s*$/.exec(inside)?.[1] ?? '';
    return fields.get(field) ?? fail(`template: log-tag:1: can't evaluate ${inside.trim()} in type *logger.Info`);
  });
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', `failed to initialize logging driver: ${message}`);
}
