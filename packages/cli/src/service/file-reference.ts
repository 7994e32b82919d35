import { splitAssignment } from '../command/options.ts';
import { refusal } from '../command/refusal.ts';
import type { Connection } from '../connection/connection.ts';
import type { PayloadKind } from '../swarm/payloads.ts';
import type { Payload } from '../swarm/wire.ts';
import type { FileReference } from './wire.ts';

/** A secret or a config that is asked for, by its name. */
export interface AskedFile {
  readonly source: string;
  /** Absent when it is no file: a config that credentials are in. */
  readonly file?: NonNullable<FileReference['File']>;
}

/** Mode of files when nothing is said: everybody may read them. */
const readable = 0o444;

/**
 * Read a `--secret` or `--config` of a service: `NAME`, or `source=NAME,target=…,uid=…,gid=…,mode=0440`
 * (docker/cli, opts/swarmopts).
 *
 * @throws Error in docker's words.
 */
export function askedFile(text: string, kind: PayloadKind): AskedFile {
  if (!text.includes(',') && !text.includes('=')) return { source: text, file: fileOf({ target: text }) };
  const fields: Record<string, string> = {};
  for (const field of text.split(',')) {
    const [key, value] = splitAssignment(field);
    if (key === '' || !field.includes('=')) throw new Error(`invalid field '${field}' must be a key=value pair`);
    const name = key.toLowerCase() === 'src' ? 'source' : key.toLowerCase();
    if (!/^(source|target|uid|gid|mode)$/.test(name)) throw new Error(`invalid field in ${kind} request: ${key}`);
    fields[name] = name === 'mode' ? String(modeOf(value)) : value;
  }
  const { source = '', target = '' } = fields;
  if (source === '') throw new Error('source is required');
  return { source, file: fileOf({ ...fields, target: target || source }) };
}

function fileOf({ target = '', uid = '0', gid = '0', mode = String(readable) }: Record<string, string>) {
  return { Name: target, UID: uid, GID: gid, Mode: Number(mode) };
}

/** As Go reads numbers of any base: a leading 0 is octal. */
function modeOf(text: string): number {
  if (/^0o?[0-7]+$/i.test(text)) return Number.parseInt(text.replace(/^0o?/i, ''), 8);
  if (/^(0|[1-9]\d*|0x[\da-f]+|0b[01]+)$/i.test(text)) return Number(text);
  throw new Error(`invalid mode specified: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/**
 * The references that a service has for the secrets or configs asked for, with their ids.
 *
 * @throws FairleadError `invalid-argument` for one that is not there, and for two of the same target.
 */
export async function resolveFiles(
  engine: Connection,
  kind: PayloadKind,
  asked: readonly AskedFile[],
): Promise<FileReference[]> {
  if (asked.length === 0) return [];
  const targets = new Set<string>();
  for (const { source, file } of asked.filter((one) => one.file !== undefined)) {
    if (targets.has(file?.Name ?? '')) throw refusal(`duplicate ${kind} target for ${source} not allowed`);
    targets.add(file?.Name ?? '');
  }
  const filters = JSON.stringify({ name: [...new Set(asked.map(({ source }) => source))] });
  const found = await engine.ask<readonly Payload[]>('GET', `/${kind}s`, { query: { filters } });
  return asked.map(({ source, file }) => {
    const id = found.find(({ Spec }) => Spec.Name === source)?.ID;
    if (id === undefined) throw refusal(`${kind} not found: ${source}`);
    const place = file === undefined ? { Runtime: {} } : { File: file };
    return kind === 'secret'
      ? { ...place, SecretID: id, SecretName: source }
      : { ...place, ConfigID: id, ConfigName: source };
  });
}
