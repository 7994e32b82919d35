import { FairleadError } from '@fairlead/base';
import type { Volume } from './volume-model.ts';

type DriverOptions = Readonly<Record<string, string>>;

/** Options of the local driver, and those that each of them cannot be without. */
const known: Readonly<Record<string, readonly string[]>> = {
  type: ['device'],
  device: ['type'],
  o: ['device', 'type'],
  size: [],
};

/** What an option of a volume mounts. */
export interface VolumeFileSystem {
  readonly source: string;
  readonly type: string;
  /** As mount(8) takes them. */
  readonly options: string;
}

/**
 * Check the options of a new volume.
 *
 * @throws FairleadError `invalid-argument` in Docker's words.
 */
export function requireDriverOptions(options: DriverOptions): void {
  const strange = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (strange !== undefined) fail(`invalid option: ${JSON.stringify(strange)}`);
  requireCifsDevice(options);
  requireSize(options['size']);
  for (const [name, needed] of Object.entries(known)) {
    const missing = options[name] === undefined ? undefined : needed.find((other) => options[other] === undefined);
    if (missing !== undefined) fail(`missing required option: ${JSON.stringify(missing)}`);
  }
}

/** What is to be mounted while a volume is used; `undefined` for a plain directory. */
export function fileSystemOf({ options }: Pick<Volume, 'options'>): VolumeFileSystem | undefined {
  const { type = '', device = '', o = '' } = options ?? {};
  return type === '' && device === '' ? undefined : { source: device, type, options: o };
}

/** An error must not tell the password that the options carry. */
export function withoutPassword(message: string, { options }: VolumeFileSystem): string {
  const password = options.split(',').find((option) => option.startsWith('password='));
  return password === undefined ? message : message.replace(password, 'password=********');
}

function requireCifsDevice({ type, device = '' }: DriverOptions): void {
  if (type !== 'cifs' || device === '') return;
  if (/^(\w+:)?\/\/[^/]*:\d+/.test(device)) fail("port not allowed in CIFS device URL, include 'port' in 'o='");
}

/** Quotas need project ids on the file system below, which are not set up here. */
function requireSize(size: string | undefined): void {
  if (size === undefined) return;
  const match = /^(\d+(?:\.\d+)?) ?(?:[kmgtp](?:i?b)?|b)?$/i.exec(size);
  if (match === null) fail(`invalid size: '${size}'`);
  if (Number(match[1]) > 0) fail('quota size requested but no quota support');
}

function fail(message: string): never {
  throw new FairleadError('invalid-argument', message);
}
