import { KernelTypes } from './kernel-types.ts';

/** Points in the kernel at which a packet is looked at. */
export const tracepoints = ['netif_receive_skb', 'net_dev_start_xmit', 'kfree_skb', 'consume_skb'] as const;

/** Name of a tracepoint that we use. */
export type TracepointName = (typeof tracepoints)[number];

/** How a program is called at a tracepoint: the numbers of its arguments. */
export interface TracepointLayout {
  readonly typeId: number;
  readonly packet: number;
  /** Why it was dropped (Linux 5.17). */
  readonly reason?: number;
  /** Where in the kernel's code. */
  readonly location?: number;
}

/** Where this kernel keeps what a program looks at: bytes from the start of each structure. */
export interface KernelLayout {
  readonly tracepoints: Readonly<Partial<Record<TracepointName, TracepointLayout>>>;
  readonly packet: {
    readonly device: number;
    readonly socket: number;
    readonly length: number;
    readonly mark: number;
    readonly head: number;
    readonly data: number;
    readonly networkHeader: number;
  };
  readonly device: { readonly index: number; readonly name: number; readonly namespace: number };
  readonly socketNamespace: number;
  readonly namespaceNumber: number;
  /** Reasons for dropping a packet, without `SKB_DROP_REASON_`. */
  readonly reasons: ReadonlyMap<number, string>;
  /** Of struct task_struct. */
  readonly task: { readonly processId: number; readonly program: number; readonly namespaces: number };
  /** Of struct nsproxy. */
  readonly network: number;
  /** Absent where the kernel does not tell who asks for memory of each processor (before Linux 5.19). */
  readonly allocation?: AllocationLayout;
  /** Absent where programs have to copy what they look at (before Linux 6.2). */
  readonly view?: MemoryView;
}

/** How a program is called at the tracepoint `percpu_alloc_percpu`: the numbers of its arguments. */
export interface AllocationLayout {
  readonly typeId: number;
  /** Where in the kernel's code. */
  readonly location: number;
  readonly size: number;
  readonly alignment: number;
}

/** With what a program may look at memory that the verifier knows nothing of: numbers of types. */
export interface MemoryView {
  /** Of the function that says to the verifier what lies there, and does nothing: `bpf_rdonly_cast`. */
  readonly cast: number;
  /** Of a struct that is nothing but {@link VIEWED} single bytes. */
  readonly bytes: number;
}

const CAST = 'bpf_rdonly_cast';
const BYTES = 'new_utsname';
const ALLOCATION = 'btf_trace_percpu_alloc_percpu';
const REASON_PREFIX = 'SKB_DROP_REASON_';
/** Length of struct new_utsname: six texts of 65 bytes, as uname(2) has it. */
export const VIEWED = 390;
const structs = ['sk_buff', 'net_device', 'net', 'ns_common', 'sock', 'sock_common', 'task_struct', 'nsproxy'];

/**
 * Find the layout in the kernel's description of its types.
 *
 * @throws Error when it lacks something that we cannot do without.
 */
export function readKernelLayout(description: Uint8Array): KernelLayout {
  const typedefs = tracepoints.map((name) => `btf_trace_${name}`);
  const types = new KernelTypes(description, [...structs, ...typedefs, ALLOCATION, 'skb_drop_reason', CAST, BYTES]);
  const packet = (member: string): number => types.offsetOf('sk_buff', member);
  const cast = types.function(CAST);
  const allocation = allocationLayout(types);
  return {
    tracepoints: Object.fromEntries(tracepoints.flatMap((name) => tracepointEntry(types, name))),
    packet: {
      device: packet('dev'),
      socket: packet('sk'),
      length: packet('len'),
      mark: packet('mark'),
      head: packet('head'),
      data: packet('data'),
      networkHeader: packet('network_header'),
    },
    device: {
      index: types.offsetOf('net_device', 'ifindex'),
      name: types.offsetOf('net_device', 'name'),
      namespace: types.offsetOf('net_device', 'nd_net'),
    },
    socketNamespace: types.offsetOf('sock', '__sk_common') + types.offsetOf('sock_common', 'skc_net'),
    namespaceNumber: types.offsetOf('net', 'ns') + types.offsetOf('ns_common', 'inum'),
    reasons: reasonsOf(types),
    task: {
      processId: types.offsetOf('task_struct', 'tgid'),
      program: types.offsetOf('task_struct', 'comm'),
      namespaces: types.offsetOf('task_struct', 'nsproxy'),
    },
    network: types.offsetOf('nsproxy', 'net_ns'),
    ...(allocation && { allocation }),
    ...(cast !== 0 && { view: { cast, bytes: types.struct(BYTES) } }),
  };
}

/** A kernel without the tracepoint has none to attach to: the caller says so. */
function tracepointEntry(types: KernelTypes, name: TracepointName): [TracepointName, TracepointLayout][] {
  const typeId = types.typedef(`btf_trace_${name}`);
  if (typeId === 0) return [];
  // The first parameter is the tracepoint's own, which programs do not get.
  const parameters = types.parametersOf(typeId).slice(1);
  const packet = parameters.findIndex(({ type }) => types.isPointerTo(type, 'sk_buff'));
  if (packet < 0) return [];
  const place = (wanted: string) => {
    const index = parameters.findIndex((parameter) => parameter.name === wanted);
    return index < 0 ? undefined : index;
  };
  // Where the kernel leaves the names out, the order is what the tracepoints have had since 5.17.
  const isDrop = name === 'kfree_skb';
  const location = place('location') ?? (parameters.length > 1 && name.endsWith('e_skb') ? 1 : undefined);
  const reason = place('reason') ?? (isDrop && parameters.length > 2 ? 2 : undefined);
  return [
    [
      name,
      {
        typeId,
        packet,
        ...(location !== undefined && name !== 'netif_receive_skb' && { location }),
        ...(reason !== undefined && isDrop && { reason }),
      },
    ],
  ];
}

/** Arguments have no names here: their number tells the form with the place in the code at its beginning (Linux 5.19). */
function allocationLayout(types: KernelTypes): AllocationLayout | undefined {
  const typeId = types.typedef(ALLOCATION);
  if (typeId === 0 || types.parametersOf(typeId).length !== 11) return undefined;
  return { typeId, location: 0, size: 3, alignment: 4 };
}

function reasonsOf(types: KernelTypes): Map<number, string> {
  try {
    const values = [...types.valuesOf('skb_drop_reason')];
    return new Map(values.map(([number, name]) => [number, name.replace(REASON_PREFIX, '')]));
  } catch {
    return new Map();
  }
}
