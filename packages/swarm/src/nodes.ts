import { FairleadError } from '@fairlead/base';
import type { Books } from './books.ts';
import { type IssuerInfo, issuerOf } from './certificate-authority.ts';
import { findObject } from './lookup.ts';
import type { Cluster, NodeDescription, NodeSpec, SwarmEvent, SwarmNode } from './model.ts';
import { refusal } from './refusal.ts';

/** A node as clients see it. */
export interface NodeView {
  readonly node: SwarmNode;
  /** PEM of the root that its certificate is from. */
  readonly rootCertificate: string;
  readonly issuer: IssuerInfo;
  /** `ADDRESS:PORT` where managers reach it. */
  readonly managerAddress: string;
}

/** What {@link Nodes} works with. */
export interface NodeParts {
  readonly books: Books;
  readonly cluster: () => Cluster;
  readonly emit: (event: SwarmEvent) => void;
  /** Somebody has changed what may run on a node. */
  readonly onChange: () => void;
}

/** The nodes of the swarm: this machine. */
export class Nodes {
  readonly #parts: NodeParts;

  constructor(parts: NodeParts) {
    this.#parts = parts;
  }

  list(): readonly NodeView[] {
    return [...this.#parts.books.nodes].map((node) => this.#view(node));
  }

  /** @throws FairleadError `not-found`. */
  inspect(reference: string): NodeView {
    return this.#view(this.#find(reference));
  }

  /** @throws FairleadError in swarmkit's words. */
  update(reference: string, version: number, spec: NodeSpec): void {
    requireValidNode(spec);
    const { books, emit, onChange } = this.#parts;
    const present = this.#find(reference);
    if (spec.role === 'worker')
      throw refusal('failed-precondition', 'attempting to demote the last manager of the swarm');
    const changed = books.change(books.nodes, { ...present, spec }, version);
    emit({ type: 'node', action: 'update', id: changed.id, attributes: nodeChanges(present, changed) });
    onChange();
  }

  /** This machine cannot take itself out of its own swarm. @throws FairleadError in swarmkit's words. */
  remove(reference: string): never {
    const { id } = this.#find(reference);
    const rule = 'It must be demoted to worker before removal';
    throw refusal(
      'failed-precondition',
      `node ${id} is a cluster manager and is a member of the raft cluster. ${rule}`,
    );
  }

  /** What a node says of itself by now. */
  describe(id: string, description: NodeDescription): void {
    const { nodes } = this.#parts.books;
    const present = nodes.get(id);
    if (present === undefined || JSON.stringify(present.description) === JSON.stringify(description)) return;
    this.#parts.books.change(nodes, { ...present, description });
  }

  #find(reference: string): SwarmNode {
    return findObject('node', this.#parts.books.nodes, reference, ({ description }) => description.hostname);
  }

  #view(node: SwarmNode): NodeView {
    const { rootCertificate, advertiseAddress } = this.#parts.cluster();
    return { node, rootCertificate, issuer: issuerOf(rootCertificate), managerAddress: advertiseAddress };
  }
}

function requireValidNode({ role, availability }: NodeSpec): void {
  if (!['worker', 'manager'].includes(role)) throw invalid(`invalid Role: "${role}"`);
  if (!['active', 'pause', 'drain'].includes(availability)) throw invalid(`invalid Availability: "${availability}"`);
}

/** What an event tells of a change, in dockerd's words. */
function nodeChanges(before: SwarmNode, after: SwarmNode): Readonly<Record<string, string>> {
  const { availability: old } = before.spec;
  const { availability: fresh } = after.spec;
  return {
    name: after.spec.name || after.description.hostname,
    ...(old !== fresh && { 'availability.new': fresh, 'availability.old': old }),
  };
}

function invalid(message: string): FairleadError {
  return new FairleadError('invalid-argument', message);
}
