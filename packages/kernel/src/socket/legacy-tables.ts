import { readFileSync } from 'node:fs';
import { close, getsockopt, socket } from '../system-call/syscalls.ts';
import { SystemCallError } from '../system-call/system-call-error.ts';

/** AF_*, and the level of socket options that iptables answers at (SOL_IP, SOL_IPV6). */
const families = { 4: { domain: 2, level: 0, names: 'ip' }, 6: { domain: 10, level: 41, names: 'ip6' } } as const;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_RAW = 255;
/** IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES; the same for both (include/uapi/linux/netfilter_ipv4/ip_tables.h). */
const GET_INFO = 64;
const GET_ENTRIES = 65;
/** Bytes of ipt_getinfo, where its `size` is, and what stands before the entries of ipt_get_entries. */
const INFO_BYTES = 84;
const SIZE_AT = 80;
const ENTRIES_AT = 40;
/** A table that is changed while it is read has another size by then. */
const ATTEMPTS = 3;

/** A table of the older iptables, as the kernel has it. */
export interface LegacyTable {
  readonly family: 4 | 6;
  /** `filter`. */
  readonly name: string;
  /** struct ipt_getinfo. */
  readonly info: Uint8Array;
  /** struct ipt_entry or ip6t_entry, one after the other. */
  readonly entries: Uint8Array;
}

/**
 * The tables of the older iptables in the namespace this thread is in: those that somebody has used there. To ask for another
 * one would make it.
 */
export function readLegacyTablesHere(): LegacyTable[] {
  return ([4, 6] as const).flatMap((family) =>
    tableNames(family).flatMap((name) => {
      const table = readTable(family, name);
      return table === undefined ? [] : [table];
    }),
  );
}

function tableNames(family: 4 | 6): string[] {
  try {
    return readFileSync(`/proc/thread-self/net/${families[family].names}_tables_names`, 'utf8')
      .split('\n')
      .filter(Boolean);
  } catch {
    // This kernel has no iptables.
    return [];
  }
}

function readTable(family: 4 | 6, name: string): LegacyTable | undefined {
  const { domain, level } = families[family];
  const descriptor = socket(domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  try {
    const ask = (option: number, bytes: number): Uint8Array => {
      const value = new Uint8Array(bytes);
      new TextEncoder().encodeInto(name, value);
      if (option === GET_ENTRIES) new DataView(value.buffer).setUint32(32, bytes - ENTRIES_AT, true);
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, bytes, true);
      getsockopt(descriptor, level, option, value, length);
      return value;
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const info = ask(GET_INFO, INFO_BYTES);
        const size = new DataView(info.buffer).getUint32(SIZE_AT, true);
        return { family, name, info, entries: ask(GET_ENTRIES, ENTRIES_AT + size).subarray(ENTRIES_AT) };
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
      }
    }
    return undefined;
  } finally {
    close(descriptor);
  }
}
