import type { ApiRequest } from './request.ts';
import type { ApiResponse } from './response.ts';

/** Methods that the API uses. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/** One row of the route table. */
export interface Route {
  readonly method: Method;
  /** Path with parameters in braces; `{name*}` also takes slashes, as names of images have them. */
  readonly pattern: string;
  /** True when the answer may take the connection over: clients ask for that with `Upgrade: tcp`. */
  readonly hijack?: true;
  readonly handle: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;
}

/** What the table found for a path. */
export interface RouteMatch {
  readonly route: Route;
  /** What stood after `/v`, not checked yet. */
  readonly version: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * All routes, compiled. The same table answers requests and decides which connections may be taken over.
 *
 * The first row that fits wins, so special cases stand before general ones.
 */
export class RouteTable {
  readonly #compiled = new Map<string, { readonly route: Route; readonly expression: RegExp }[]>();

  constructor(routes: Iterable<Route>) {
    for (const route of routes) {
      const rows = this.#compiled.get(route.method) ?? [];
      rows.push({ route, expression: compile(route.pattern) });
      this.#compiled.set(route.method, rows);
    }
  }

  /** @param path decoded, without query. */
  match(method: string, path: string): RouteMatch | undefined {
    const prefixed = /^\/v([0-9.]+)(\/.*)$/.exec(path);
    const rest = prefixed?.[2] ?? path;
    for (const { route, expression } of this.#compiled.get(method) ?? []) {
      const found = expression.exec(rest);
      if (found !== null) return { route, version: prefixed?.[1], parameters: found.groups ?? {} };
    }
    return undefined;
  }
}

function compile(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+?^$()|[\]\\]/g, '\\$&')
    .replaceAll(/\{(\w+)(\*?)\}/g, (_, name: string, slashes: string) => `(?<${name}>${slashes ? '.+' : '[^/]+'})`);
  return new RegExp(`^${source}$`);
}
