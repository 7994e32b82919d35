import { posix } from 'node:path';
import { withPrefix } from '@fairlead/base';
import type { Instruction } from '@fairlead/dockerfile';
import { bytePath, type FileCalls } from '../files/file-calls.ts';
import { readSmallFile } from '../files/small-file.ts';
import { type CopyItem, type CopySource, digestOfItems, findCopyItems } from './copy-source.ts';
import { copyItem, type Owner } from './file-copy.ts';
import { parseOwner } from './owner.ts';

/** A `COPY` or `ADD` of which it is known what it copies. */
export interface CopyPlan {
  readonly items: readonly CopyItem[];
  readonly destination: string;
  readonly owner: string;
  /** What comes from an image keeps its owner unless one is given. */
  readonly keepsOwner: boolean;
  readonly unpacks: boolean;
  /** What the cache and the history go by. */
  readonly comment: string;
}

/** Where files come from. */
export interface CopyStepParts {
  readonly calls: FileCalls;
  readonly context: CopySource;
  /** Files of what `--from` names. */
  readonly sourceOf: (from: string) => Promise<CopySource>;
  /** Fetches what `ADD` names by a URL. */
  readonly download: (url: string, destination: string) => Promise<CopyItem>;
}

/** Carries out `COPY` and `ADD`. */
export class CopyStep {
  readonly #parts: CopyStepParts;

  constructor(parts: CopyStepParts) {
    this.#parts = parts;
  }

  /** Find what is to be copied. @throws FairleadError in Docker's words. */
  async plan(instruction: Extract<Instruction, { readonly kind: 'add' | 'copy' }>): Promise<CopyPlan> {
    const { destination, owner, kind } = instruction;
    const name = kind.toUpperCase();
    const items = await this.#find(instruction, name);
    if (items.length > 1 && !destination.endsWith('/')) {
      const rule = 'with more than one source file, the destination must be a directory and end with a /';
      throw new Error(`When using ${name} ${rule}`);
    }
    // As dockerd writes it: no blank behind the owner, one at the end.
    const comment = `${name} ${owner === '' ? '' : `--chown=${owner}`}${digestOfItems(items)} in ${destination} `;
    const keepsOwner = instruction.kind === 'copy' && instruction.from !== '' && owner === '';
    return { items, destination, owner, keepsOwner, unpacks: kind === 'add', comment };
  }

  /** Copy into the image that has its root directory at a descriptor. */
  async perform(plan: CopyPlan, root: number, workingDirectory: string): Promise<void> {
    const { calls } = this.#parts;
    const destination = bytePath(destinationOf(plan.destination, workingDirectory));
    const owner = plan.keepsOwner ? undefined : this.#owner(plan.owner, root);
    for (const item of plan.items) await copyItem(item, { root, calls, destination, owner, unpacks: plan.unpacks });
  }

  async #find(instruction: Extract<Instruction, { readonly kind: 'add' | 'copy' }>, name: string): Promise<CopyItem[]> {
    const source = await this.#source(instruction);
    try {
      const items: CopyItem[] = [];
      for (const path of instruction.sources) items.push(...(await this.#itemsAt(path, source, instruction)));
      if (items.length === 0) throw new Error('no source files were specified');
      return items;
    } catch (error) {
      throw withPrefix(`${name} failed: `, error);
    }
  }

  async #itemsAt(
    path: string,
    source: CopySource,
    { kind, destination }: Extract<Instruction, { readonly kind: 'add' | 'copy' }>,
  ): Promise<CopyItem[]> {
    if (!/^https?:\/\//.test(path)) return await findCopyItems(source, path);
    if (kind === 'copy') throw new Error("source can't be a URL for COPY");
    return [await this.#parts.download(path, destination)];
  }

  async #source(instruction: Extract<Instruction, { readonly kind: 'add' | 'copy' }>): Promise<CopySource> {
    if (instruction.kind === 'add' || instruction.from === '') return this.#parts.context;
    try {
      return await this.#parts.sourceOf(instruction.from);
    } catch (error) {
      throw withPrefix(`invalid from flag value ${instruction.from}: `, error);
    }
  }

  #owner(text: string, root: number): Owner {
    if (text === '') return { uid: 0, gid: 0 };
    const view = { descriptor: root, calls: this.#parts.calls };
    return parseOwner(text, readSmallFile(view, '/etc/passwd'), readSmallFile(view, '/etc/group'));
  }
}

/** An absolute path; the slash at its end stays. */
export function destinationOf(asked: string, workingDirectory: string): string {
  if (asked.startsWith('/')) return asked;
  const path = posix.join('/', workingDirectory, asked);
  return asked.endsWith('/') && !path.endsWith('/') ? `${path}/` : path;
}
