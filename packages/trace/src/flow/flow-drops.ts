import { messageOf } from '@fairlead/base';
import { type DropWatch, watchDrops } from '../collect/drop-watch.ts';
import { PlaceMap } from '../collect/place-map.ts';
import { isMeaningful } from '../drops.ts';
import type { Directory } from '../model/directory.ts';
import { readPacketHeader } from '../packet/packet-header.ts';
import type { FlowDrop } from './flow-book.ts';

/** Milliseconds for which names of namespaces are taken for true. */
const LIFETIME = 1000;

/** Drops, where this kernel lets us see them. */
export interface DropSource extends Disposable {
  /** Why there will be none. */
  readonly missing?: string;
  /** Watch a namespace, by its number, as well. */
  add(namespace: number): void;
}

/** Tell about packets that are dropped, until disposed of. */
export function openDropSource(directory: () => Directory, handler: (drop: FlowDrop) => void): DropSource {
  let watch: DropWatch | undefined;
  let places: PlaceMap | undefined;
  /** Reads a directory with an entry for each container. */
  const lookAgain = setInterval(() => {
    places = undefined;
  }, LIFETIME).unref();
  try {
    watch = watchDrops((record) => {
      const header = readPacketHeader(record.bytes);
      const reason = watch?.reasons.get(record.reason) ?? `reason ${record.reason}`;
      if (header === undefined || !isMeaningful(reason, header)) return;
      places ??= new PlaceMap(directory());
      handler({ header, reason, place: places.nameOf(record.namespace) });
    });
    const { add } = watch;
    const owned = watch;
    return {
      add,
      [Symbol.dispose]() {
        clearInterval(lookAgain);
        owned[Symbol.dispose]();
      },
    };
  } catch (error) {
    clearInterval(lookAgain);
    const missing = `this kernel does not let us see drops: ${messageOf(error)}`;
    return { missing, add: () => undefined, [Symbol.dispose]: () => undefined };
  }
}
