/** Objects of a swarm as the Docker Engine API has them, as far as the command reads them. */

/** Fields that are handed on as they are. */
export type Fields = Readonly<Record<string, unknown>>;

/** Texts by name. */
export type Texts = Readonly<Record<string, string>>;

/** What all objects have. */
export interface Meta {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
}

/** `TLSInfo`. */
export interface TlsInfo {
  readonly TrustRoot?: string;
  readonly CertIssuerSubject?: string;
  readonly CertIssuerPublicKey?: string;
}

/** `SwarmSpec`. */
export interface ClusterSpec {
  readonly [field: string]: unknown;
  readonly Raft?: Fields;
  readonly CAConfig?: { readonly [field: string]: unknown; readonly ForceRotate?: number };
  readonly EncryptionConfig?: { readonly AutoLockManagers?: boolean };
}

/** `Swarm`. */
export interface Cluster extends Meta {
  readonly Spec: ClusterSpec;
  readonly TLSInfo?: TlsInfo;
  readonly JoinTokens: { readonly Worker: string; readonly Manager: string };
}

/** `Node`. */
export interface Node extends Meta {
  readonly Spec: {
    readonly Name?: string;
    readonly Labels?: Texts | null;
    readonly Role: string;
    readonly Availability: string;
  };
  readonly Description: {
    readonly Hostname: string;
    readonly Platform?: { readonly Architecture?: string; readonly OS?: string };
    readonly Resources?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number };
    readonly Engine?: {
      readonly EngineVersion?: string;
      readonly Labels?: Texts;
      readonly Plugins?: readonly { readonly Type: string; readonly Name: string }[];
    };
    readonly TLSInfo?: TlsInfo;
  };
  readonly Status: { readonly State?: string; readonly Message?: string; readonly Addr?: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability?: string; readonly Addr: string };
}

/** `Secret` and `Config`. */
export interface Payload extends Meta {
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Texts | null;
    /** Base64; secrets never show it. */
    readonly Data?: string;
    readonly Driver?: { readonly Name: string };
  };
}

/** `Swarm` of the answer to `GET /info`. */
export interface SwarmInfo {
  readonly Swarm: {
    readonly NodeID: string;
    readonly LocalNodeState: string;
    readonly ControlAvailable?: boolean;
    readonly Cluster?: { readonly TLSInfo?: TlsInfo };
  };
}
