/**
 * The page of the map, as files to serve: what a browser asks for is what is written here, with its types stripped.
 *
 * @module
 */

import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** A file for a browser. */
export interface PageFile {
  readonly contentType: string;
  readonly body: string;
}

const root = join(import.meta.dirname, '..');

/** Outside the folder of the page: what both sides run. */
const shared: ReadonlySet<string> = new Set(['src/model/delta.ts']);

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  ts: 'text/javascript; charset=utf-8',
};

const read = new Map<string, PageFile>();

/**
 * A file of the page by its path below the package, `page/main.ts`; `undefined` for anything else. Paths are the same as in
 * the source, so that imports need no rewriting and a browser's debugger shows the lines as they were written.
 */
export function readPageFile(path: string): PageFile | undefined {
  const known = read.get(path);
  if (known !== undefined) return known;
  const kind = /^page\/[a-z][a-z-]*\.(html|css|svg|ts)$/.exec(path)?.[1] ?? (shared.has(path) ? 'ts' : undefined);
  const contentType = kind === undefined ? undefined : types[kind];
  if (contentType === undefined || !existsSync(join(root, path))) return undefined;
  const text = readFileSync(join(root, path), 'utf8');
  const file = { contentType, body: kind === 'ts' ? stripTypeScriptTypes(text) : text };
  read.set(path, file);
  return file;
}
