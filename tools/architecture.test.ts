import { test } from 'node:test';
import { exists, readSources, readWorkspaces, resolveImport, type SourceFile, type Workspace } from './source-tree.ts';

/**
 * The rules that keep the project readable, as tests. Each says in its failure message why it exists; when a rule is in
 * the way, read its reason first, and change the rule in a commit of its own if the reason no longer holds.
 */

const workspaces = readWorkspaces();
const sources = readSources(workspaces);
const product = sources.filter(({ path, isTest }) => path.startsWith('packages/') && !isTest);
const byName = new Map(workspaces.map((workspace) => [workspace.name, workspace]));

/** Fails with every offender and the reason of the rule. */
function hold(offenders: readonly string[], reason: string): void {
  if (offenders.length === 0) return;
  const failure = new Error(`\n${offenders.map((offender) => `  ${offender}`).join('\n')}\n  Why: ${reason}`);
  failure.stack = failure.message;
  throw failure;
}

/** `path:line` of every match of `pattern` in the code (not the comments) of `files`. */
function matches(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, code }) =>
    code.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

/** `@fairlead/api/client` → `@fairlead/api`, `./client`. */
function splitSpecifier(specifier: string): { name: string; door: string } {
  const parts = specifier.split('/');
  const length = specifier.startsWith('@') ? 2 : 1;
  const rest = parts.slice(length).join('/');
  return { name: parts.slice(0, length).join('/'), door: rest === '' ? '.' : `./${rest}` };
}

/** Every import of a package (not of a file, not of Node itself) in a workspace's code. */
function packageImports(
  files: readonly SourceFile[],
): { file: SourceFile; name: string; door: string; from: Workspace }[] {
  return files.flatMap((file) =>
    file.imports
      .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
      .flatMap((specifier) =>
        file.workspace === undefined ? [] : [{ file, ...splitSpecifier(specifier), from: file.workspace }],
      ),
  );
}

test('a package imports only from lower layers', () => {
  const offenders = packageImports(sources).flatMap(({ file, name, from }) => {
    const layer = byName.get(name)?.layer;
    return layer === undefined || layer < from.layer || name === from.name
      ? []
      : [`${file.path} (layer ${from.layer}) imports ${name} (layer ${layer})`];
  });
  hold(
    offenders,
    'what is below can be read, tested and reused without what is above; two programs (layer 7) share nothing but a lower package.',
  );
});

test('a package imports only what its package.json names', () => {
  const offenders = packageImports(sources)
    .filter(({ name, from }) => !from.dependencies.includes(name))
    .filter(({ file, name, from }) => !file.isTest || ![...from.testDependencies, 'fast-check'].includes(name))
    .map(({ file, name }) => `${file.path} imports ${name}`);
  hold(
    offenders,
    'the manifest is the list of what a package stands on; npm would let it see everything that is installed.',
  );
});

test('every dependency between workspaces points to a lower layer', () => {
  const offenders = workspaces.flatMap((workspace) =>
    workspace.dependencies
      .filter((name) => (byName.get(name)?.layer ?? -1) >= workspace.layer)
      .map((name) => `${workspace.folder}/package.json depends on ${name}`),
  );
  hold(offenders, 'the layers of docs/architecture.md are what keeps the graph a picture that one can hold in mind.');
});

/** The one file inside somebody else's package that is named by its place: its door loads 15 more at every start. */
const wireFormat = 'node_modules/@bufbuild/protobuf/dist/esm/wire/binary-encoding.js';

test('packages are entered through their doors', () => {
  const deep = packageImports(sources)
    .filter(({ name, door }) => byName.get(name)?.doors.includes(door) === false)
    .map(({ file, name, door }) => `${file.path} imports ${name} ${door}`);
  const sideways = sources.flatMap((file) =>
    file.imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => resolveImport(file, specifier))
      .filter((target) => file.workspace !== undefined && !target.startsWith(`${file.workspace.folder}/`))
      .filter((target) => !(file.path === 'packages/runtime/src/wire.ts' && target === wireFormat))
      .map((target) => `${file.path} imports ${target}`),
  );
  hold([...deep, ...sideways], 'what is not exported can be changed without asking anybody.');
});

test('doors show nothing that nobody takes', () => {
  const doors = product.filter(({ text }) => text.includes('@module'));
  const words = new Map(sources.map(({ path, code }) => [path, new Set(code.match(/\w+/g))]));
  const offenders = doors.flatMap(({ path, code, workspace }) => {
    // A program's door says what it is made of: nobody may import it.
    if (workspace === undefined || workspace.layer >= 7) return [];
    const { name: own, folder } = workspace;
    const leads = (specifier: string) =>
      specifier === own || specifier.startsWith(`${own}/`) || specifier.includes(folder);
    const outside = sources.filter((file) => !file.path.startsWith(`${folder}/`) && file.imports.some(leads));
    const isTaken = (name: string) => outside.some((file) => words.get(file.path)?.has(name));
    return valuesShown(code).flatMap((name) => (isTaken(name) ? [] : [`${path}: ${name}`]));
  });
  hold(offenders, 'what is shown cannot be changed without asking; types are shown with what takes or gives them.');
});

/** Names that are handed on, without those of types. */
function valuesShown(code: string): string[] {
  const lists = [...code.matchAll(/^export \{([^}]*)\} from/gm)].map(([, list = '']) => list.split(','));
  const names = lists.flat().map((item) => item.trim());
  return names.filter((name) => name !== '' && !name.startsWith('type ')).map((name) => name.replace(/^.* as /, ''));
}

test('every package has a README and a door that says what it is for', () => {
  const offenders = workspaces
    .filter(({ folder }) => folder.startsWith('packages/'))
    .flatMap(({ folder }) => {
      const door = sources.find(({ path }) => path === `${folder}/src/index.ts`);
      const missing = door?.text.includes('@module') === true ? [] : [`${folder}/src/index.ts has no @module comment`];
      return exists(`${folder}/README.md`) ? missing : [...missing, `${folder}/README.md is missing`];
    });
  hold(offenders, 'a newcomer opens the folder first: the README shows one example, the door lists what there is.');
});

test('only the kernel package knows the foreign-function library', () => {
  const offenders = packageImports(sources)
    .filter(({ name, from }) => name === 'koffi' && from.name !== '@fairlead/kernel')
    .map(({ file }) => file.path);
  hold(offenders, 'one door to Linux: a wrong pointer can only be in one place, and all else runs without root.');
});

test('netlink and base know no Node', () => {
  const offenders = product
    .filter(({ workspace }) => workspace?.name === '@fairlead/netlink' || workspace?.name === '@fairlead/base')
    .flatMap(({ path, imports }) =>
      imports.filter((name) => name.startsWith('node:')).map((name) => `${path}: ${name}`),
    );
  hold(offenders, 'they turn bytes into values and back; without input or output they need no fake and no root.');
});

test('only programs end the process', () => {
  const below = product.filter(({ workspace }) => (workspace?.layer ?? 0) < 7);
  hold(matches(below, /\bprocess\.(exit|reallyExit)\(/), 'a library that exits takes its caller’s clean-up with it.');
});

test('the product runs none of the tools that it replaces', () => {
  const tools = 'ip|tc|bridge|brctl|nft|ipset|ip6?tables[\\w-]*|conntrack|sysctl|nsenter|docker|ctr|nerdctl|podman';
  const started = new RegExp(`\\b(spawn|exec|execFile|fork|execve)(Sync)?\\(\\s*['"\`](/\\w+)*/?(${tools})[ '"\`]`);
  const path = new RegExp(`['"\`](/usr)?/s?bin/(${tools})['"\`]`);
  hold(
    [...matches(product, started), ...matches(product, path)],
    'the transcript is rendered from the messages that Fairlead sends itself; tests use these tools as witnesses.',
  );
});

test('there are no default exports and no export of everything', () => {
  hold(
    matches(sources, /^\s*export (default\b|\*)/),
    'a thing has one name everywhere, and a door that lists names can be read.',
  );
});

test('nothing switches the type checker off', () => {
  const pattern = /: any\b|\bas any\b|<any[>,]|\bas unknown as\b/;
  const comments = product.filter(({ text }) => /@ts-(ignore|expect-error|nocheck)/.test(text)).map(({ path }) => path);
  hold([...matches(product, pattern), ...comments], 'at the edges values are parsed, inside they are known.');
});

test('files stay short enough to be read', () => {
  const offenders = sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > 400)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  hold(
    offenders,
    'a file has one subject; beyond 400 lines it has two. Generated code belongs into a folder named gen.',
  );
});

test('hooks of pure tests stand in suites', () => {
  const pure = sources.filter(({ path, isTest }) => isTest && !path.startsWith('test/') && !path.includes('.kernel.'));
  hold(
    matches(pure, /^(beforeEach|afterEach)\(/),
    'pure tests share a process, where a hook at the top runs around the tests of every file: mocked time stops them all.',
  );
});

test('file names are kebab-case', () => {
  const offenders = sources.map(({ path }) => path).filter((path) => !/^[a-z0-9/.-]+(_pb)?\.ts$/.test(path));
  hold(offenders, 'a name can be guessed and typed on any file system.');
});

test('Docker’s spelling stays at the edge', () => {
  // The OCI image config, which only the registry package reads, is spelled so by its specification; so is what is said
  // to plugins, which only that package says.
  const spelledSo = ['@fairlead/registry', '@fairlead/plugins'];
  const inner = product.filter(
    ({ workspace }) => (workspace?.layer ?? 0) < 6 && !spelledSo.includes(workspace?.name ?? ''),
  );
  hold(
    matches(inner, /^\s*(readonly )?['"]?[A-Z][a-z]+[A-Za-z]*['"]?\??: /),
    'keys in PascalCase are JSON of Docker’s API: packages/api alone turns them into the words of the model.',
  );
});

test('files do not import each other in a circle', () => {
  const targets = new Map(sources.map((file) => [file.path, localImports(file)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  hold(circles, 'what cannot be loaded alone cannot be understood alone.');
});

function localImports(file: SourceFile): string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolveImport(file, specifier));
}
