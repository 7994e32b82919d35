/**
 * The Docker Engine API on the wire, and nothing else: the only place with Docker's PascalCase JSON.
 *
 * @module
 */
export type { Authorizer, RequestCase } from './http/authorization.ts';
export { ApiServer, type ApiServerOptions, type ListenAddress, type TlsFiles } from './server.ts';
