/**
 * The Docker Engine API on the wire, and nothing else: the only place with Docker's PascalCase JSON.
 *
 * @module
 */
export type { Authorizer, RequestCase } from './http/authorization.ts';
export { parseRegistryAuth } from './http/registry-auth.ts';
export { ApiServer, type ApiServerOptions, type ListenAddress, type TlsFiles } from './server.ts';
export { type BoundFile, taskContainer } from './wire/swarm/task-container.ts';
