import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';

/** The top of the clone. */
export const root: string = dirname(import.meta.dirname);

/** One workspace and what its manifest says. */
export interface Workspace {
  /** `@fairlead/base`. */
  readonly name: string;
  /** Relative to the top: `packages/base`. */
  readonly folder: string;
  readonly layer: number;
  readonly dependencies: readonly string[];
  /** What only its tests stand on. */
  readonly testDependencies: readonly string[];
  /** Keys of `exports`: `.`, `./client`. */
  readonly doors: readonly string[];
}

/** One TypeScript file. */
export interface SourceFile {
  /** Relative to the top. */
  readonly path: string;
  readonly workspace: Workspace | undefined;
  readonly text: string;
  /** `text` with comments blanked out, line breaks kept. */
  readonly code: string;
  readonly isTest: boolean;
  /** What it imports, as written, in order. */
  readonly imports: readonly string[];
}

/** Every workspace, lowest layer first. */
export function readWorkspaces(): Workspace[] {
  return globSync(['packages/*/package.json', 'test/package.json'], { cwd: root })
    .map(readWorkspace)
    .sort((left, right) => left.layer - right.layer || left.name.localeCompare(right.name));
}

function readWorkspace(path: string): Workspace {
  const manifest: Partial<{
    name: string;
    fairlead: { layer: number };
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
    exports: Record<string, string>;
  }> = JSON.parse(readFileSync(join(root, path), 'utf8'));
  return {
    name: manifest.name ?? path,
    folder: dirname(path),
    layer: manifest.fairlead?.layer ?? Number.NaN,
    dependencies: Object.keys(manifest.dependencies ?? {}),
    testDependencies: Object.keys(manifest.devDependencies ?? {}),
    doors: Object.keys(manifest.exports ?? {}),
  };
}

/** Every TypeScript file of the workspaces and the tools; generated ones are left out, for nobody writes them. */
export function readSources(workspaces: readonly Workspace[]): SourceFile[] {
  const paths = globSync('{packages,test,tools}/**/*.ts', {
    cwd: root,
    exclude: (path) => path.includes('node_modules') || path.endsWith('/gen'),
  });
  return paths.sort().map((path) => readSource(path, workspaces));
}

function readSource(path: string, workspaces: readonly Workspace[]): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const code = withoutComments(text);
  return {
    path,
    workspace: workspaces.find(({ folder }) => path.startsWith(`${folder}/`)),
    text,
    code,
    isTest: path.endsWith('.test.ts') || path.startsWith('test/') || /\/(testing|bench)\//.test(path),
    imports: [...code.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()'([^']+)'/g)].map((match) => match[1] ?? ''),
  };
}

/** Strings are matched too, and kept, so that a `//` inside one is no comment. */
function withoutComments(text: string): string {
  return text.replace(/'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (piece) =>
    piece.startsWith('/') ? piece.replace(/[^\n]/g, ' ') : piece,
  );
}

/** The file that a relative import of `file` names, relative to the top. */
export function resolveImport(file: SourceFile, specifier: string): string {
  return relative(root, normalize(join(root, dirname(file.path), specifier)));
}

/** True when there is such a file or folder. */
export function exists(path: string): boolean {
  return existsSync(join(root, path));
}
