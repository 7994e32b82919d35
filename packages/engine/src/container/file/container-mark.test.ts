import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { markContainer, withMark } from './container-mark.ts';

describe('the mark of containers', () => {
  const root = mkdtempSync(join(tmpdir(), 'fairlead-mark-'));
  after(() => rmSync(root, { recursive: true }));
  const layer = (name: string, ...files: string[]) => {
    mkdirSync(join(root, name));
    for (const file of files) writeFileSync(join(root, name, file), '');
    return join(root, name);
  };
  const overlay = (upper: string, ...lower: string[]) => {
    const options = [`workdir=${upper}-work`, `upperdir=${upper}`, `lowerdir=${lower.join(':')}`];
    return [{ type: 'overlay', source: 'overlay', target: '', options }];
  };

  test('a new container gets it, unless its image has it', () => {
    const [plain, marked] = [layer('plain'), layer('marked', '.dockerenv')];
    const [one, two, alone] = [layer('one'), layer('two'), layer('alone')];
    markContainer(overlay(one, plain));
    markContainer(overlay(two, plain, marked));
    markContainer([{ type: 'bind', source: alone, target: '', options: ['rw'] }]);
    assert.deepEqual(
      [one, two, alone].map((folder) => readdirSync(folder)),
      [['.dockerenv'], [], ['.dockerenv']],
    );
    const { mode, size, mtimeMs } = statSync(join(one, '.dockerenv'));
    assert.deepEqual([mode & 0o7777, size, mtimeMs], [0o755, 0, 0]);
  });

  test('what lies below a container is seen with it', () => {
    const [low, high, marked] = [layer('low'), layer('high'), layer('container', '.dockerenv')];
    const folder = join(root, 'run/mark');
    const wanted = (...layers: string[]) => [
      { type: 'overlay', source: 'overlay', target: '', options: [`lowerdir=${[folder, ...layers].join(':')}`] },
    ];
    const bind = (source: string) => [{ type: 'bind', source, target: '', options: ['ro', 'rbind'] }];
    const own = overlay(marked, high, low);
    assert.deepEqual(withMark(bind(low), own, folder), wanted(low));
    const view = [
      { type: 'overlay', source: 'overlay', target: '', options: ['index=off', `lowerdir=${high}:${low}`] },
    ];
    assert.deepEqual(withMark(view, own, folder), wanted(high, low));
    assert.deepEqual(readdirSync(folder), ['.dockerenv']);
    assert.deepEqual(withMark(view, overlay(layer('unmarked'), high, low), folder), view);
  });
});
