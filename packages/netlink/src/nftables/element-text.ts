import type { FieldType, SetDefinition } from './definition.ts';
import type { SetElement } from './element-codec.ts';
import { fields } from './field.ts';

/** Elements between braces, as nft(8) reads and prints them: `{ tcp . 8080 : 172.17.0.2 . 80 }`. */
export function formatElements(set: SetDefinition, elements: readonly SetElement[]): string {
  return `{ ${elements.map((element) => formatElement(set, element)).join(', ')} }`;
}

function formatElement(set: SetDefinition, { key, value }: SetElement): string {
  const left = formatFields(set.key, key);
  return set.value === undefined || value === undefined ? left : `${left} : ${formatFields(set.value, value)}`;
}

function formatFields(types: readonly FieldType[], texts: readonly string[]): string {
  return types.map((type, index) => fields[type].format(texts[index] ?? '')).join(' . ');
}
