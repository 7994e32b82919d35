import {
  type Change,
  type ElementObject,
  encodeElements,
  encodeTable,
  identityOf,
  type SetDefinition,
  type TableDefinition,
  type TableObject,
} from '@fairlead/netlink';
import { UnknownSetError } from '../change/nft-state.ts';
import { type FakeSpace, refuse } from './fake-space.ts';

/** Add a table, or put it in the place of another; elements of sets that stay as they are stay too. */
export function putTable(space: FakeSpace, object: TableObject, operation: string): void {
  const { definition } = object;
  checkReferences(definition, operation);
  // Whatever cannot be written as messages is refused before it gets to the kernel.
  encodeTable(definition);
  const previous = tableNamed(space, definition.name);
  const kept = new Set(
    definition.sets
      .filter((set) => previous?.sets.some((old) => shapeOf(old) === shapeOf(set)))
      .map(({ name }) => name),
  );
  space.drop((other) => other.kind === 'element' && other.table === definition.name && !kept.has(other.set));
  space.put(object);
}

/** Remove a table with its elements. */
export function removeTable(space: FakeSpace, object: TableObject): void {
  const { name } = object.definition;
  space.objects.delete(identityOf(object));
  space.drop((other) => other.kind === 'element' && other.table === name);
}

/** Add, change or remove an element. */
export function applyElement(
  space: FakeSpace,
  action: Change['action'],
  object: ElementObject,
  operation: string,
): void {
  const table = tableNamed(space, object.table);
  const set = table?.sets.find(({ name }) => name === object.set);
  if (action === 'remove') {
    space.objects.delete(identityOf(object));
    return;
  }
  if (table === undefined || set === undefined) throw new UnknownSetError(object.table, object.set);
  const { key, value } = object;
  if ((set.value === undefined) !== (value === undefined)) refuse(operation, 'EINVAL');
  encodeElements({ table, set }, 'add', [value === undefined ? { key } : { key, value }]);
  const existing = space.objects.get(identityOf(object));
  const differs = existing?.kind === 'element' && existing.value?.join(' . ') !== value?.join(' . ');
  if (action === 'add' && differs) refuse(operation, 'EEXIST');
  if (action === 'change' && existing === undefined) refuse(operation, 'ENOENT');
  space.put(object);
}

function tableNamed(space: FakeSpace, name: string): TableDefinition | undefined {
  return space.find('table').find(({ definition }) => definition.name === name)?.definition;
}

function shapeOf({ name, key, value = [], interval = false }: SetDefinition): string {
  return `${name} ${key} : ${value} ${interval}`;
}

/** Chains that are jumped to and sets that are looked into have to be in the table. */
function checkReferences({ chains, sets }: TableDefinition, operation: string): void {
  const chainNames = new Set(chains.map(({ name }) => name));
  const setNames = new Set(sets.map(({ name }) => name));
  for (const statement of chains.flatMap(({ rules }) => rules.flatMap(({ statements }) => statements))) {
    if ('chain' in statement && !chainNames.has(statement.chain)) refuse(operation, 'ENOENT');
    if ('with' in statement && 'set' in statement.with && !setNames.has(statement.with.set))
      refuse(operation, 'ENOENT');
    if ('map' in statement && !setNames.has(statement.map)) refuse(operation, 'ENOENT');
  }
}
