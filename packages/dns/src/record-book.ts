import { FairleadError, parseIpAddress } from '@fairlead/base';
import { foldName } from './name.ts';
import type { RecordData } from './record-data.ts';

/** A record that somebody has written for a network, its data in the words of a zone file (RFC 1035, section 5.1). */
export interface WrittenRecord {
  /** Without the dot at the end; `*.app.internal` stands for every name below `app.internal` (RFC 4592). */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'SRV';
  /** `['10.0.0.5']`, `['web.internal']`, `['0', '5', '80', 'web']`. */
  readonly data: readonly string[];
}

/** The written records of one network, found by name. */
export class RecordBook {
  readonly #records = new Map<string, RecordData[]>();

  /** @throws FairleadError `invalid-argument` for data that does not fit its type. */
  constructor(records: readonly WrittenRecord[]) {
    for (const record of records) {
      this.#records.getOrInsertComputed(foldName(record.name), () => []).push(recordDataOf(record));
    }
  }

  /**
   * What is written of a name, or else of the wildcard that covers it: the one below the longest ancestor that there is.
   *
   * @returns nothing when the name is not covered at all.
   */
  find(name: string): readonly RecordData[] | undefined {
    const folded = foldName(name);
    const exact = this.#records.get(folded);
    if (exact !== undefined || this.#records.size === 0) return exact;
    for (let dot = folded.indexOf('.'); dot >= 0; dot = folded.indexOf('.', dot + 1)) {
      const ancestor = folded.slice(dot + 1);
      const wild = this.#records.get(`*.${ancestor}`);
      if (wild !== undefined || this.#records.has(ancestor)) return wild;
    }
    return undefined;
  }
}

function recordDataOf({ type, data }: WrittenRecord): RecordData {
  const [first = '', second = '', third = '', fourth = ''] = data;
  switch (type) {
    case 'A':
    case 'AAAA':
      return { type, address: parseIpAddress(first) };
    case 'CNAME':
      return { type, target: foldName(first) };
    case 'TXT':
      return { type, strings: data.map((text) => new TextEncoder().encode(text)) };
    case 'SRV':
      return { type, priority: Number(first), weight: Number(second), port: Number(third), target: foldName(fourth) };
    default:
      throw new FairleadError('invalid-argument', `no such record type: ${type satisfies never}`);
  }
}
