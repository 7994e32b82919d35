import type { Family, IpAddress } from '@fairlead/base';
import type { Change, NamespaceName, RulesetFamily, Statement, TableFamily } from '@fairlead/netlink';
import type { CarrierKind } from '../packet/carried-packet.ts';
import type { PacketRole, ProbeProtocol, TcpFlag } from '../packet/packet-header.ts';

/** How a trace ended. */
export type Verdict =
  /** It got there, and the answer came back where one is to be expected. */
  | 'delivered'
  /** It got there, and was answered with a refusal by the kernel there. */
  | 'refused'
  /** It, or the answer to it, was dropped on this machine. */
  | 'dropped'
  /** It left the machine, and no answer came. */
  | 'lost'
  /** What was seen does not suffice to tell. */
  | 'unknown';

/** One end of a probe. */
export interface ProbeEnd {
  /** Name of the container, `host` or `outside`. */
  readonly name: string;
  readonly address: IpAddress;
  /** Absent for ICMP. */
  readonly port?: number;
}

/** What was sent. */
export interface ProbeSummary {
  /** `half-open`: a first packet whose connection never comes about; `arrival`: as if it had come by the wire. */
  readonly mode: 'half-open' | 'connection' | 'datagram' | 'echo' | 'arrival';
  readonly family: Family;
  readonly protocol: ProbeProtocol;
  readonly source: ProbeEnd;
  readonly destination: ProbeEnd;
  /** In hexadecimal; every packet with this number is part of the trace. */
  readonly tag: string;
  /** Bytes, when it was asked for. */
  readonly size?: number;
}

/** How a name was looked up. */
export interface NameStep {
  readonly name: string;
  /** `hosts`: the container's file; `dns`: a server; `directory`: the engine knows it, and nobody was asked. */
  readonly source: 'hosts' | 'dns' | 'directory';
  readonly server?: string;
  readonly milliseconds?: number;
  readonly addresses: readonly IpAddress[];
  /** Why there is no address. */
  readonly failure?: string;
}

/** A rule that a packet met. */
export interface RuleStep {
  readonly family: RulesetFamily;
  readonly table: string;
  readonly chain: string;
  /** Whose table it is, as far as its name tells: `fairlead`, `docker`, `ufw`... */
  readonly owner: string;
  /** Hook of the base chain that it was called from. */
  readonly hook?: string;
  /** `policy`: no rule decided, so the chain's policy did. */
  readonly kind: 'rule' | 'policy';
  readonly handle?: string;
  /** In nft's words. */
  readonly text: string;
  /** `accept`, `drop`, `jump x`... */
  readonly verdict: string;
  readonly rejects?: true;
}

/** An address or port that changed on the way. */
export interface Rewrite {
  readonly field: 'source' | 'destination';
  readonly from: string;
  readonly to: string;
}

/** One place that a packet was seen at. */
export interface Hop {
  readonly role: PacketRole;
  /** Name of the container, `host`, or the number of a namespace that nobody has named. */
  readonly place: string;
  /** Number of the network namespace; 0 when the kernel could not tell. */
  readonly namespace: number;
  readonly device?: string;
  readonly event: 'received' | 'sent' | 'dropped' | 'used';
  /** Since the first event. */
  readonly microseconds: number;
  readonly packet: {
    readonly source: string;
    readonly destination: string;
    readonly lifetime: number;
    readonly flags?: readonly TcpFlag[];
    readonly icmp?: string;
  };
  /** The packet that carries it there, when a tunnel has put it into one. */
  readonly carrier?: {
    readonly kind: CarrierKind;
    readonly id?: number;
    readonly source: string;
    readonly destination: string;
    /** All of it in words: `VXLAN id 5 from 192.0.2.2 to 192.0.2.1, UDP port 4789`. */
    readonly text: string;
  };
  readonly rewrites: readonly Rewrite[];
  readonly rules: readonly RuleStep[];
  /** Of a drop: the kernel's own word for it. */
  readonly reason?: string;
  /** Of a drop or use: the kernel's function. */
  readonly function?: string;
  /** A copy that was not needed, or an end that was to be expected. */
  readonly harmless?: true;
  /** Not read, since it is encrypted there: the kernel has the same packet in hand. */
  readonly inferred?: true;
  /** It came so late that rules were watched no longer: which ones it met here is not known. */
  readonly unwatched?: true;
}

/** Something that can be done about a cause. */
export interface Fix {
  readonly text: string;
  /** What it changes beyond the case at hand. */
  readonly scope?: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  /** How we would do it; absent when only a person can. */
  readonly action?: FixAction;
}

/** A fix that can be tried. */
export type FixAction =
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  /** Change an interface that is there. */
  | {
      readonly kind: 'links';
      readonly namespace: NamespaceName;
      readonly names: readonly string[];
      readonly change: { readonly up?: true; readonly master?: string; readonly port?: { readonly isolated: boolean } };
    }
  /** Put rules in front that accept. */
  | {
      readonly kind: 'accept';
      readonly namespace: NamespaceName;
      readonly family: TableFamily;
      readonly table: string;
      readonly chain: string;
      /** The matches of each rule. */
      readonly rules: readonly (readonly Statement[])[];
    };

/** What was tried before the trace that a report is about. */
export interface AppliedFix {
  readonly text: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  /** What a trace said before. */
  readonly before: string;
}

/** Why it did not arrive. */
export interface Cause {
  /** Stable name of the row in the knowledge base. */
  readonly code: string;
  readonly text: string;
  /** What was seen that shows it. */
  readonly evidence: readonly string[];
  /** The neighbour that does not answer, where there is one. */
  readonly neighbor?: IpAddress;
}

/** What this machine let us see. */
export interface Capabilities {
  /** The packet itself, by eBPF. */
  readonly packets: boolean;
  /** The rules that it met, by nftables. */
  readonly rules: boolean;
  readonly missing: readonly string[];
}

/** Everything that a trace has to say. */
export interface TraceReport {
  readonly schema: 'fairlead.trace/1';
  readonly verdict: Verdict;
  /** The verdict in one sentence. */
  readonly summary: string;
  readonly name?: NameStep;
  /** Absent when nothing could be sent. */
  readonly probe?: ProbeSummary;
  readonly capabilities: Capabilities;
  readonly hops: readonly Hop[];
  readonly cause?: Cause;
  readonly fixes: readonly Fix[];
  /** Present when a fix was tried first. */
  readonly applied?: AppliedFix;
  /**
   * What became of a first packet, which came to where rules were watched no longer, so that nobody can tell which ones it met:
   * all else is about a second packet, with rules watched for as long as it was on its way.
   */
  readonly earlier?: { readonly verdict: Verdict; readonly summary: string };
  /** The packets that were seen, a pcapng file in base64, when it was asked for. */
  readonly pcapng?: string;
  /** From the request until now. */
  readonly milliseconds: number;
}
