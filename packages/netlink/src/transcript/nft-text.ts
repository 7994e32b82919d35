import { Attributes } from '../attribute.ts';
import { decodeMessages, type Message, messageFlag } from '../message.ts';
import type { ChainDefinition, SetDefinition } from '../nftables/definition.ts';
import { decodeElements } from '../nftables/element-codec.ts';
import { formatElements } from '../nftables/element-text.ts';
import { batchType, familyName, nftType } from '../nftables/nft-message.ts';
import { formatRule } from '../nftables/statement-text.ts';
import {
  decodeChain,
  decodeRule,
  decodeSet,
  decodeTableHead,
  type Part,
  type TableHead,
} from '../nftables/table-decoder.ts';
import { formatHook, formatSetBody } from '../nftables/table-text.ts';

/**
 * Turns the bytes of nftables transactions back into nft's own commands, one a line, without the `nft` before them.
 *
 * Elements are bare bytes to the kernel; only their set says what they mean. So one transcript remembers the sets that
 * were made while it watched, and is told of those that were there before.
 */
export class NftTranscript {
  readonly #sets = new Map<string, SetDefinition>();

  /** Tell of a set that was made before. */
  learn(family: string, table: string, set: SetDefinition): void {
    this.#sets.set(`${family} ${table} ${set.name}`, set);
  }

  /**
   * The commands that do what these bytes do, to be fed to one `nft -f -`, which carries them out as one transaction.
   * Empty for questions, which change nothing.
   *
   * @throws Error for a message, an attribute or an expression that is not known: a transcript must not leave anything
   * out.
   */
  render(bytes: Uint8Array): string[] {
    return decodeMessages(bytes).flatMap((message) => this.#command(message));
  }

  #command(message: Message): string[] {
    switch (message.type) {
      case batchType.begin:
      case batchType.end:
      case nftType.getTable:
      case nftType.getSet:
      case nftType.getChain:
      case nftType.getRule:
      case nftType.getElement:
      case nftType.getGeneration:
        return [];
      case nftType.newTable:
        return addTable(whole(decodeTableHead(message)));
      case nftType.newSet:
        return [this.#addSet(whole(decodeSet(message) ?? fail('an anonymous set')))];
      case nftType.newChain:
        return [addChain(whole(decodeChain(message)))];
      case nftType.newRule:
        return [addRule(message)];
      case nftType.newElement:
        return [this.#elements((message.flags & messageFlag.exclusive) === 0 ? 'add' : 'create', message)];
      case nftType.deleteElement:
        return [this.#elements('delete', message)];
      case nftType.destroyElement:
        return [this.#elements('destroy', message)];
      case nftType.deleteTable:
        return [removal('delete table', message)];
      case nftType.destroyTable:
        return [removal('destroy table', message)];
      default:
        return fail(`message type ${message.type}`);
    }
  }

  #addSet({ family, table, value: set }: Part<SetDefinition>): string {
    this.learn(family, table, set);
    const kind = set.value === undefined ? 'set' : 'map';
    return `add ${kind} ${family} ${table} ${set.name} { ${formatSetBody(set).join('; ')}; }`;
  }

  #elements(verb: string, message: Message): string {
    const attributes = new Attributes(message.body.subarray(4));
    const place = `${familyName(message.body[0] ?? 0)} ${attributes.text(1) ?? ''} ${attributes.text(2) ?? ''}`;
    attributes.has(3);
    attributes.assertAllRead(`nftables elements of ${place}`);
    const set = this.#sets.get(place) ?? fail(`the set ${place}`);
    return `${verb} element ${place} ${formatElements(set, decodeElements(set, [message]))}`;
  }
}

/**
 * The shell command that feeds `commands` to nft as one transaction; empty for none.
 *
 * @param prefix what to put before `nft`, to enter a namespace: `nsenter --net=/run/netns/NAME `.
 */
export function nftShellCommand(commands: readonly string[], prefix = ''): string {
  const [only] = commands;
  if (only === undefined) return '';
  if (commands.length === 1) return `${prefix}nft '${only}'`;
  return `${prefix}nft -f - <<'END'\n${commands.join('\n')}\nEND`;
}

function addTable({ family, table, value }: Part<TableHead>): string[] {
  const command = `add table ${family} ${table}`;
  const commands = [value.comment === undefined ? command : `${command} { comment "${value.comment}"; }`];
  // Given to nft, the flags would make it the owner, and take the table away when it ends.
  return value.protected === true
    ? ['# flags owner,persist: held by the process that made the table', ...commands]
    : commands;
}

function addChain({ family, table, value: chain }: Part<ChainDefinition>): string {
  const parts = [
    ...(chain.hook === undefined ? [] : [formatHook(chain.hook)]),
    ...(chain.comment === undefined ? [] : [`comment "${chain.comment}";`]),
  ];
  const command = `add chain ${family} ${table} ${chain.name}`;
  return parts.length === 0 ? command : `${command} { ${parts.join(' ')} }`;
}

function addRule(message: Message): string {
  const { family, table, value } = whole(decodeRule(message));
  const verb = (message.flags & messageFlag.append) === 0 ? 'insert' : 'add';
  return `${verb} rule ${family} ${table} ${value.chain} ${formatRule(value, family)}`;
}

function removal(verb: string, message: Message): string {
  const attributes = new Attributes(message.body.subarray(4));
  const name = attributes.text(1) ?? fail('a removal of everything');
  attributes.assertAllRead(verb);
  return `${verb} ${familyName(message.body[0] ?? 0)} ${name}`;
}

/** What was read, once it is certain that nothing was left out. */
function whole<T>(part: Part<T>): Part<T> {
  part.attributes.assertAllRead(`nftables message for ${part.family} ${part.table}`);
  return part;
}

function fail(what: string): never {
  throw new Error(`nft transcript: cannot print ${what}`);
}
