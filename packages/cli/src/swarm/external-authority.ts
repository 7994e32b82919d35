import { splitAssignment } from '../command/options.ts';
import { readText } from '../container/text-file.ts';
import type { Texts } from './wire.ts';

/** `ExternalCA`. */
export interface ExternalAuthority {
  readonly Protocol: 'cfssl';
  readonly URL: string;
  readonly Options: Texts;
  /** PEM; empty when none was given. */
  readonly CACert: string;
}

/** Read an `--external-ca`: `protocol=cfssl,url=https://…`. @throws Error in docker's words. */
export function externalAuthority(text: string): ExternalAuthority {
  const pairs = text.split(',').map((field) => {
    if (!field.includes('=')) throw new Error(`invalid field '${field}' must be a key=value pair`);
    const [key, value] = splitAssignment(field);
    return [key.toLowerCase(), value, key] as const;
  });
  const last = (name: string) => pairs.findLast(([key]) => key === name)?.[1];
  const protocol = last('protocol');
  if (protocol !== undefined && protocol.toLowerCase() !== 'cfssl') {
    throw new Error(`unrecognized external CA protocol ${protocol}`);
  }
  const certificate = last('cacert');
  const content = certificate === undefined ? '' : certificateOf(certificate);
  if (protocol === undefined) throw new Error('the external-ca option needs a protocol= parameter');
  const url = last('url');
  if (url === undefined) throw new Error('the external-ca option needs a url= parameter');
  const known = new Set(['protocol', 'url', 'cacert']);
  const others = pairs.filter(([key]) => !known.has(key)).map(([, value, key]) => [key, value]);
  return { Protocol: 'cfssl', URL: url, Options: Object.fromEntries(others), CACert: content };
}

/** What a file in PEM has in it. @throws Error in docker's words. */
export function pemFile(path: string): string {
  const content = readText(path);
  if (!isPem(content)) throw new Error('file contents must be in PEM format');
  return content;
}

function certificateOf(path: string): string {
  const content = readText(path, (why) => `unable to read CA cert for external CA: ${why}`);
  if (!isPem(content)) throw new Error('CA cert for external CA must be in PEM format');
  return content;
}

function isPem(content: string): boolean {
  return /-----BEGIN ([^-]+)-----\r?\n[\s\S]*-----END \1-----/.test(content);
}
