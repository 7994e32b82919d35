import type { ApiRequest } from './request.ts';
import type { ApiResponse } from './response.ts';

/** Methods that the API uses. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

/** One row of the route table. */
export interface Route {
  readonly method: Method;
  /** Path with parameters in braces; `{name*}` also takes slashes, as names of images have them. */
  readonly pattern: string;
  /** True when the answer may take the connection over: clients ask for that with `Upgrade: tcp`. */
  readonly hijack?: true;
  readonly handle: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;
}

/** Routes below one path, in a module that is loaded with the first request for one of them. */
export interface RouteGroup {
  /** What the paths of all of them begin with, such as `/images`. */
  readonly below: string;
  /** Those of them that may take the connection over: that has to be known at once. */
  readonly hijacked?: readonly Pick<Route, 'method' | 'pattern'>[];
  readonly load: () => Promise<readonly Route[]>;
}

/** What the table found for a path. */
export interface RouteMatch {
  readonly route: Route;
  /** What stood after `/v`, not checked yet. */
  readonly version: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A path without what stands before it. */
interface VersionedPath {
  readonly version: string | undefined;
  readonly rest: string;
}

/**
 * All routes. The same table answers requests and decides which connections may be taken over.
 *
 * The first row that fits wins, so special cases stand before general ones.
 */
export class RouteTable {
  readonly #parts: (CompiledRoute | CompiledGroup)[];

  constructor(routes: Iterable<Route | RouteGroup>) {
    this.#parts = Array.from(routes, (part) => ('load' in part ? new CompiledGroup(part) : new CompiledRoute(part)));
  }

  /** @param path decoded, without query. */
  async match(method: string, path: string): Promise<RouteMatch | undefined> {
    const versioned = splitVersion(path);
    for (const part of this.#parts) {
      const found = await part.match(method, versioned);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** True when the connection of such a request may be taken over. */
  mayHijack(method: string, path: string): boolean {
    const versioned = splitVersion(path);
    return this.#parts.some((part) => part.mayHijack(method, versioned));
  }
}

class CompiledRoute<R extends Pick<Route, 'method' | 'pattern'> = Route> {
  readonly #route: R;
  readonly #expression: RegExp;

  constructor(route: R) {
    this.#route = route;
    this.#expression = compile(route.pattern);
  }

  match(method: string, { version, rest }: VersionedPath) {
    if (method !== this.#route.method) return undefined;
    const found = this.#expression.exec(rest);
    return found === null ? undefined : { route: this.#route, version, parameters: found.groups ?? {} };
  }

  mayHijack(method: string, path: VersionedPath): boolean {
    return 'hijack' in this.#route && this.match(method, path) !== undefined;
  }
}

class CompiledGroup {
  readonly #group: RouteGroup;
  readonly #hijacked: readonly CompiledRoute<Pick<Route, 'method' | 'pattern'>>[];
  #routes: readonly CompiledRoute[] | undefined;

  constructor(group: RouteGroup) {
    this.#group = group;
    this.#hijacked = (group.hijacked ?? []).map((route) => new CompiledRoute(route));
  }

  async match(method: string, path: VersionedPath): Promise<RouteMatch | undefined> {
    if (path.rest !== this.#group.below && !path.rest.startsWith(`${this.#group.below}/`)) return undefined;
    this.#routes ??= (await this.#group.load()).map((route) => new CompiledRoute(route));
    for (const route of this.#routes) {
      const found = route.match(method, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  mayHijack(method: string, path: VersionedPath): boolean {
    return this.#hijacked.some((route) => route.match(method, path) !== undefined);
  }
}

/**
 * A path without `//`, `.` and `..`. Docker's server sends who asks for another one on to this: so come names out of
 * `inspect`, which begin with a slash (`/containers//web/json`).
 *
 * @param path decoded, absolute.
 */
export function cleanPath(path: string): string {
  if (!/\/(\/|\.{1,2}(\/|$))/.test(path)) return path;
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return `/${steps.join('/')}${path.endsWith('/') && steps.length > 0 ? '/' : ''}`;
}

function splitVersion(path: string): VersionedPath {
  const prefixed = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  return { version: prefixed?.[1], rest: prefixed?.[2] ?? path };
}

function compile(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+?^$()|[\]\\]/g, '\\$&')
    .replaceAll(/\{(\w+)(\*?)\}/g, (_, name: string, slashes: string) => `(?<${name}>${slashes ? '.+' : '[^/]+'})`);
  return new RegExp(`^${source}$`);
}
