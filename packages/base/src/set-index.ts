/** Add an item to those that a key leads to. */
export function addToIndex<Key, Item>(index: Map<Key, Set<Item>>, key: Key, item: Item): void {
  index.getOrInsertComputed(key, () => new Set()).add(item);
}

/** Take an item away from those that a key leads to; a key that leads to none is forgotten. */
export function removeFromIndex<Key, Item>(index: Map<Key, Set<Item>>, key: Key, item: Item): void {
  const items = index.get(key);
  items?.delete(item);
  if (items?.size === 0) index.delete(key);
}
