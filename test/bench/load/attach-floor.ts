import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { namespacePath } from '@fairlead/kernel';
import {
  type Change,
  type ElementObject,
  encodeElements,
  encodeNftBatch,
  joinMessages,
  type KernelObject,
  type NumberLookup,
  routeRequests,
  type TableDefinition,
} from '@fairlead/netlink';

/** A change of links, addresses or routes. */
type RouteChange = Parameters<typeof routeRequests>[0];

/** Index of the first link of a new namespace that has nothing but loopback. */
const FIRST_INDEX = 2;

/** The same kernel work as Fairlead's, by messages that are ready before the clock starts (see `bare-netlink.pl`). */
export class AttachFloor implements Disposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #table: TableDefinition;
  readonly #bridgeIndex: number;

  constructor(table: TableDefinition, bridgeIndex: number) {
    this.#table = table;
    this.#bridgeIndex = bridgeIndex;
    this.#child = spawn('perl', [join(import.meta.dirname, 'bare-netlink.pl')], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  }

  /**
   * Make a fragment in a namespace that is there, and take it away again.
   *
   * @returns milliseconds of each. What only names owners and what is not netlink is left out: it is the floor.
   */
  async measure(fragment: readonly KernelObject[], namespace: string): Promise<{ attach: number; detach: number }> {
    const descriptor = Number(await this.#ask(`enter ${namespacePath(namespace)}`));
    const lookup: NumberLookup = {
      linkIndex: (place) => (place === '' ? this.#bridgeIndex : FIRST_INDEX),
      newLinkIndex: () => 0,
      namespaceDescriptor: () => descriptor,
    };
    const additions = fragment.flatMap((object) =>
      this.#messages({ action: 'add', object: withoutAlias(object) }, lookup),
    );
    const removals = fragment
      .filter((object) => object.kind === 'element' || (object.kind === 'link' && object.namespace === ''))
      .flatMap((object) => this.#messages({ action: 'remove', object }, lookup));
    return { attach: await this.#send(additions), detach: await this.#send(removals) };
  }

  #messages(change: Change, lookup: NumberLookup): string[] {
    const { action, object } = change;
    if (object.kind === 'sysctl' || object.kind === 'namespace') return [];
    if (object.kind === 'element') return [`n:${hex(this.#batch(action === 'add' ? 'add' : 'delete', object))}`];
    if (!isRouteChange(change)) throw new TypeError(`an endpoint has no ${object.kind}`);
    const socket = object.namespace === '' ? 'h' : 'c';
    return routeRequests(change, lookup).map(({ message }) => `${socket}:${hex(message)}`);
  }

  #batch(action: 'add' | 'delete', { set: name, key, value }: ElementObject): Uint8Array {
    const set = this.#table.sets.find((candidate) => candidate.name === name);
    if (set === undefined) throw new TypeError(`no set ${name}`);
    const requests = encodeElements({ table: this.#table, set }, action, [
      value === undefined ? { key } : { key, value },
    ]);
    return joinMessages(encodeNftBatch(requests).map(({ message }) => message));
  }

  async #send(messages: readonly string[]): Promise<number> {
    const answer = await this.#ask(`send ${messages.join(' ')}`);
    const microseconds = Number(answer);
    if (Number.isNaN(microseconds)) throw new Error(`the kernel refuses bare netlink: ${answer}`);
    return microseconds / 1000;
  }

  async #ask(line: string): Promise<string> {
    this.#child.stdin?.write(`${line}\n`);
    const { value } = await this.#answers.next();
    return String(value);
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end();
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function isRouteChange(change: Change): change is RouteChange {
  return ['link', 'address', 'route'].includes(change.object.kind);
}

/** The alias takes a message of its own. */
function withoutAlias(object: KernelObject): KernelObject {
  if (object.kind !== 'link') return object;
  const { alias: _, ...rest } = object;
  return rest;
}
