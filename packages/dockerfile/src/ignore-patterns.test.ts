import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ignorePattern } from './ignore-pattern.ts';
import { IgnorePatterns } from './ignore-patterns.ts';
import { hasWildcards, pathPattern } from './path-pattern.ts';

test('the last line that matches a path or a directory above it decides', () => {
  const table: [text: string, ignored: string[], kept: string[]][] = [
    ['', [], ['a']],
    ['# a\n\n  b  ', ['b', 'b/c'], ['a', 'c/b']],
    ['/b', ['b'], ['a/b']],
    ['*.log', ['a.log'], ['d/a.log', 'log']],
    ['**/*.log', ['a.log', 'd/e/a.log'], ['a.txt']],
    ['**', ['a', 'b/c'], []],
    ['a/**', ['a/b', 'a/b/c'], ['b', 'ab']],
    ['dir/', ['dir', 'dir/x'], ['a/dir']],
    ['*/temp*', ['a/temp', 'a/temporary.txt'], ['temp', 'a/b/temp']],
    ['temp?', ['tempa'], ['temp', 'tempab']],
    ['[a-c].txt', ['a.txt'], ['d.txt']],
    ['[^a].txt', ['b.txt'], ['a.txt']],
    ['\\*.txt', ['*.txt'], ['a.txt']],
    ['*\n!keep', ['a'], ['keep', 'keep/inside']],
    ['*.md\n!README*.md\nREADME-secret.md', ['a.md', 'README-secret.md'], ['README.md']],
    ['dir\n!dir/keep', ['dir/x'], ['dir/keep']],
    ['!a\na', ['a'], []],
    ['./a/../b', ['b'], ['a']],
  ];
  for (const [text, ignored, kept] of table) {
    const patterns = new IgnorePatterns(text);
    for (const path of ignored) assert.equal(patterns.ignores(path), true, `${JSON.stringify(text)} ignores ${path}`);
    for (const path of kept) assert.equal(patterns.ignores(path), false, `${JSON.stringify(text)} keeps ${path}`);
  }
});

test('a pattern of paths is told from a path', () => {
  for (const path of ['a*', 'a/?', '[ab]', 'a\\\\*']) assert.equal(hasWildcards(path), true, path);
  for (const path of ['a', 'a\\*', 'a]']) assert.equal(hasWildcards(path), false, path);
});

test('wildcards do not cross slashes', () => {
  const table: [pattern: string, path: string, expected: boolean][] = [
    ['a*', 'abc', true],
    ['a*', 'a/b', false],
    ['*', '.hidden', true],
    ['a?c', 'a/c', false],
    ['a/*/c', 'a/b/c', true],
    ['[^x]', '/', false],
    ['a.c', 'abc', false],
    ['a**', 'abc', true],
  ];
  for (const [pattern, path, expected] of table) assert.equal(pathPattern(pattern).test(path), expected, pattern);
  for (const pattern of ['[', '[a', 'a\\', '[b-a]']) {
    assert.throws(() => pathPattern(pattern), { message: 'syntax error in pattern' }, pattern);
  }
});

/** By the words of the definition: slow where there are many stars. */
function matches(pattern: string, path: string): boolean {
  if (pattern === '') return path === '';
  const [first, rest] = [pattern[0], pattern.slice(1)];
  if (first !== '*')
    return path !== '' && (first === path[0] || (first === '?' && path[0] !== '/')) && matches(rest, path.slice(1));
  return matches(rest, path) || (path !== '' && path[0] !== '/' && matches(pattern, path.slice(1)));
}

test('a pattern matches what the definition says', () => {
  const text = (alphabet: readonly string[]) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 8 });
  fc.assert(
    fc.property(text(['a', 'b', '*', '?', '/']), text(['a', 'b', '/']), (pattern, path) => {
      assert.equal(pathPattern(pattern).test(path), matches(pattern, path), `${pattern} ${path}`);
    }),
    { numRuns: 2000 },
  );
});

/** The same with directories. */
function ignores(pattern: string, path: string): boolean {
  if (pattern === '') return path === '';
  if (pattern.startsWith('**/')) {
    const rest = pattern.slice(3);
    return ignores(rest, path) || [...path].some((letter, at) => letter === '/' && ignores(rest, path.slice(at + 1)));
  }
  const [first, rest] = pattern.startsWith('**') ? ['**', pattern.slice(2)] : [pattern[0] ?? '', pattern.slice(1)];
  if (!first.startsWith('*')) {
    return path !== '' && (first === path[0] || (first === '?' && path[0] !== '/')) && ignores(rest, path.slice(1));
  }
  const goesOn = path !== '' && (first === '**' || path[0] !== '/');
  return ignores(rest, path) || (goesOn && ignores(pattern, path.slice(1)));
}

test('a pattern with directories matches what the definition says', () => {
  const text = (units: readonly string[]) => fc.array(fc.constantFrom(...units), { maxLength: 7 });
  fc.assert(
    fc.property(text(['a', 'b', '*', '?', '/', '**/', '**', 'a**']), text(['a', 'b', '/']), (parts, letters) => {
      const [pattern, path] = [parts.join(''), letters.join('')];
      fc.pre(pattern.includes('**') && !pattern.includes('***'));
      assert.equal(ignorePattern(pattern).test(path), ignores(pattern, path), `${pattern} ${path}`);
    }),
    { numRuns: 2000 },
  );
});

test('many directories take no longer than one', () => {
  assert.equal(ignorePattern(`${'**a'.repeat(100)}**b`).test('a'.repeat(4000)), false);
  assert.equal(ignorePattern(`${'**/a/'.repeat(100)}**/b`).test(`${'a/'.repeat(1000)}b`), true);
});

test('many stars take no longer than one', () => {
  assert.equal(pathPattern(`${'*a'.repeat(100)}*b`).test('a'.repeat(255)), false);
  assert.equal(pathPattern(`${'*a'.repeat(100)}*b`).test(`${'a'.repeat(254)}b`), true);
});
