import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { messageOf } from '@fairlead/base';
import type { Action, Invocation } from '../command/command.ts';
import { refusal } from '../command/refusal.ts';
import { forEachName } from '../container/for-each-name.ts';
import { systemErrorText } from '../container/text-file.ts';
import { filterText, printListing } from '../format/listing.ts';
import { agoText } from '../format/quantity.ts';
import { inspectOrTell } from './pretty.ts';
import type { Payload } from './wire.ts';
import { entryLines, labelText, momentForPeople, naturally, secondsOf } from './words.ts';

/** Secrets and configs differ in little: what they keep, and whether it is shown. */
export type PayloadKind = 'secret' | 'config';

/** Commands about one of the two. */
export function payloadActions(kind: PayloadKind): Readonly<Record<'create' | 'list' | 'inspect' | 'remove', Action>> {
  const path = `/${kind}s`;
  return {
    create: (invocation) => create(invocation, kind),
    list: (invocation) => list(invocation, kind),
    inspect: (invocation) =>
      inspectOrTell(
        invocation,
        (name) => invocation.engine.ask<Payload>('GET', `${path}/${name}`),
        kind === 'secret' ? secretText : configText,
      ),
    remove: (invocation) => forEachName(invocation, (name) => invocation.engine.ask('DELETE', `${path}/${name}`)),
  };
}

async function create({ words: [name = '', file], options, engine, print }: Invocation, kind: PayloadKind) {
  const [driver, template] = [options.text('driver'), options.text('template-driver')];
  if (driver !== undefined && file !== undefined) {
    throw refusal('When using secret driver secret data must be empty');
  }
  const body = {
    Name: name,
    Labels: options.map('label'),
    ...(driver === undefined ? { Data: await contentOf(file, kind) } : { Driver: { Name: driver } }),
    ...(template !== undefined && { Templating: { Name: template } }),
  };
  print((await engine.ask<{ readonly ID: string }>('POST', `/${kind}s/create`, { body })).ID);
  return 0;
}

/** @returns base64. */
async function contentOf(file: string | undefined, kind: PayloadKind): Promise<string> {
  if (file === undefined) throw refusal(`${kind} file is required`);
  const place = file === '-' ? 'STDIN' : file;
  const because = (why: string) => {
    const problem = `error reading from ${place}: ${why}`;
    return refusal(kind === 'config' ? `Error reading content from ${JSON.stringify(file)}: ${problem}` : problem);
  };
  const content = file === '-' ? await buffer(process.stdin) : bytesOf(file, because);
  if (content.length === 0) throw because('data is empty');
  return content.toString('base64');
}

function bytesOf(file: string, because: (why: string) => Error): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw because(systemErrorText(file, error) ?? messageOf(error));
  }
}

async function list(invocation: Invocation, kind: PayloadKind): Promise<number> {
  const { options, engine } = invocation;
  const query = { filters: filterText(options.list('filter')) };
  const all = await engine.ask<readonly Payload[]>('GET', `/${kind}s`, { query });
  const sorted = all.toSorted((left, right) => naturally(left.Spec.Name, right.Spec.Name));
  printListing(invocation, {
    rows: sorted.map(({ ID, Spec, CreatedAt, UpdatedAt }) => ({
      ID,
      Name: Spec.Name,
      ...(kind === 'secret' && { Driver: Spec.Driver?.Name ?? '' }),
      CreatedAt: agoText(secondsOf(CreatedAt)),
      UpdatedAt: agoText(secondsOf(UpdatedAt)),
      Labels: labelText(Spec.Labels),
    })),
    headings: {
      ID: 'ID',
      Name: 'NAME',
      ...(kind === 'secret' && { Driver: 'DRIVER' }),
      CreatedAt: 'CREATED',
      UpdatedAt: 'UPDATED',
      Labels: 'LABELS',
    },
    columns: ['ID', 'Name', ...(kind === 'secret' ? ['Driver'] : []), 'CreatedAt', 'UpdatedAt'],
    identity: 'ID',
    raw: all,
  });
  return 0;
}

function secretText({ ID, Spec, CreatedAt, UpdatedAt }: Payload): string[] {
  return [
    `ID:              ${ID}`,
    `Name:              ${Spec.Name}`,
    ...entryLines('Labels:', Spec.Labels),
    `Driver:            ${Spec.Driver?.Name ?? ''}`,
    `Created at:        ${momentForPeople(CreatedAt)}`,
    `Updated at:        ${momentForPeople(UpdatedAt)}`,
  ];
}

function configText({ ID, Spec, CreatedAt, UpdatedAt }: Payload): string[] {
  return [
    `ID:\t\t\t${ID}`,
    `Name:\t\t\t${Spec.Name}`,
    ...entryLines('Labels:', Spec.Labels),
    `Created at:            \t${momentForPeople(CreatedAt)}`,
    `Updated at:            \t${momentForPeople(UpdatedAt)}`,
    'Data:',
    Buffer.from(Spec.Data ?? '', 'base64').toString('utf8'),
  ];
}
