import { FairleadError, type Logger } from '@fairlead/base';
import type { Books } from './books.ts';
import {
  givenRootAuthority,
  type IssuerInfo,
  issuerOf,
  newJoinToken,
  newRootAuthority,
  type RootAuthority,
} from './certificate-authority.ts';
import {
  asksForNewRoot,
  type ClusterRequest,
  emptyClusterSpec,
  mergedClusterSpec,
  type Rotation,
  requireName,
} from './cluster-spec.ts';
import type { Cluster, Config, PayloadSpec, Secret, SwarmEvent } from './model.ts';
import { Nodes } from './nodes.ts';
import { Orchestrator } from './orchestrator/orchestrator.ts';
import type { StepParts } from './orchestrator/task-steps.ts';
import { Payloads } from './payload.ts';
import { outOfSequence, refusal } from './refusal.ts';
import { Services, type ServicesParts } from './service/services.ts';
import { taskFiles } from './task/task-files.ts';
import type { ServiceNetworks, TaskRuntime } from './task/task-runtime.ts';
import { Tasks } from './task/tasks.ts';
import { newUnlockKey, type Sealed, Vault } from './vault.ts';

/** What a {@link Manager} works with. */
export interface ManagerParts {
  readonly books: Books;
  readonly vault: Vault;
  readonly networks: ServiceNetworks;
  readonly runtime: TaskRuntime;
  readonly inventName: ServicesParts['inventName'];
  readonly emit: (event: SwarmEvent) => void;
  readonly logger: Logger;
}

/** The swarm as clients see it. */
export interface ClusterView {
  readonly cluster: Cluster;
  readonly issuer: IssuerInfo;
  readonly joinTokens: { readonly worker: string; readonly manager: string };
}

/** What only the manager of a swarm does, and only one that knows its key. */
export class Manager {
  readonly nodes: Nodes;
  readonly secrets: Payloads<Secret>;
  readonly configs: Payloads<Config>;
  readonly services: Services;
  readonly tasks: Tasks;
  readonly orchestrator: Orchestrator;
  readonly #books: Books;
  #vault: Vault;

  constructor(parts: ManagerParts) {
    const { books, vault, emit, networks } = parts;
    this.#books = books;
    this.#vault = vault;
    const filesOf: StepParts['filesOf'] = (task, expand) => taskFiles(books, this.#vault, task, expand);
    this.orchestrator = new Orchestrator({ ...parts, filesOf });
    const onChange = () => this.orchestrator.wake();
    this.nodes = new Nodes({ books, emit, onChange, cluster: () => this.#cluster });
    this.services = new Services({ books, networks, emit, onChange, inventName: parts.inventName });
    this.tasks = new Tasks(books);
    this.secrets = new Payloads<Secret>({
      ...{ kind: 'secret', books, emit, collection: books.secrets },
      keep: (spec, object) => ({ ...object, ...this.#keepSecret(spec) }),
      dataOf: ({ data }) => data && this.#vault.open(data),
    });
    this.configs = new Payloads<Config>({
      ...{ kind: 'config', books, emit, collection: books.configs },
      keep: (spec, object) => ({ ...object, spec }),
      dataOf: ({ spec }) => spec.data,
    });
  }

  inspect(): ClusterView {
    const cluster = this.#cluster;
    const { worker, manager } = cluster.joinTokens;
    return {
      cluster,
      issuer: issuerOf(cluster.rootCertificate),
      joinTokens: { worker: this.#vault.open(worker), manager: this.#vault.open(manager) },
    };
  }

  /** What the swarm is asked to give its key for; '' when it does not lock itself. */
  unlockKey(): string {
    return this.#vault.key ?? '';
  }

  /** @throws FairleadError in swarmkit's words. */
  update(version: number, request: ClusterRequest, rotation: Rotation): void {
    requireName(request);
    const present = this.#cluster;
    const spec = mergedClusterSpec(emptyClusterSpec, request);
    if (present.version !== version) throw outOfSequence();
    const root = this.#newRoot(present, spec, request);
    const key = nextKey(this.#vault, spec.encryption.autoLockManagers, rotation.unlockKey);
    const vault = new Vault(key);
    const certificate = root?.certificate ?? present.rootCertificate;
    const again = (token: Sealed, isRotated: boolean) =>
      vault.seal(isRotated || root !== undefined ? newJoinToken(certificate) : this.#vault.open(token));
    const changed = {
      ...present,
      spec,
      rootCertificate: certificate,
      rootKey: vault.seal(root?.key ?? this.#vault.open(present.rootKey)),
      joinTokens: {
        worker: again(present.joinTokens.worker, rotation.workerToken),
        manager: again(present.joinTokens.manager, rotation.managerToken),
      },
    };
    this.#books.transaction(() => {
      this.#books.change(this.#books.clusters, changed, version);
      this.#sealAgain(vault);
    });
    this.#vault = vault;
  }

  get #cluster(): Cluster {
    const { cluster } = this.#books;
    if (cluster === undefined) throw new FairleadError('unavailable', 'This node is not part of a swarm');
    return cluster;
  }

  #newRoot(present: Cluster, spec: Cluster['spec'], request: ClusterRequest): RootAuthority | undefined {
    const { signingCert = '', signingKey = '', externalCas = [] } = request.authority ?? {};
    if (externalCas.length > 0)
      throw new FairleadError(
        'not-implemented',
        'external certificate authorities are not supported yet by this version of Fairlead',
      );
    if (signingKey !== '' && signingCert === '')
      throw refusal('invalid-argument', 'if a signing CA key is provided, the signing CA cert must also be provided');
    if (!asksForNewRoot(present, spec, request)) return undefined;
    return signingCert === '' ? newRootAuthority() : givenRootAuthority(signingCert, signingKey);
  }

  #keepSecret({ data, ...spec }: PayloadSpec): Pick<Secret, 'spec' | 'data'> {
    return { spec, ...(data !== undefined && { data: this.#vault.seal(data) }) };
  }

  /** What is kept is to be opened by the new key alone. */
  #sealAgain(vault: Vault): void {
    if (vault.key === this.#vault.key) return;
    const { secrets } = this.#books;
    for (const secret of [...secrets]) {
      if (secret.data === undefined) continue;
      secrets.put({ ...secret, data: vault.seal(this.#vault.open(secret.data)) });
    }
  }
}

/** The key of a swarm that is to lock itself, or not: the one that it has, or a new one. */
function nextKey({ key }: Vault, isLocking: boolean, isRotated: boolean): string | undefined {
  if (!isLocking) return undefined;
  return key === undefined || isRotated ? newUnlockKey() : key;
}
