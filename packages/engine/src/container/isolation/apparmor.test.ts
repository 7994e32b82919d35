import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { AppArmor } from './apparmor.ts';

describe('AppArmor', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const loaded: string[] = [];
  const host = (fail = false) => {
    const [enabled = '', profiles = '', own = '', configuration = ''] = ['enabled', 'profiles', 'own', 'etc'].map(at);
    const places = { enabled, profiles, own, configuration, parsers: [at('sbin'), at('parser')] };
    return new AppArmor(places, async (parser, text) => {
      assert.equal(parser, at('parser'));
      if (fail) throw new Error('no room');
      loaded.push(text);
    });
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-apparmor-'));
    loaded.length = 0;
    writeFileSync(at('enabled'), 'Y\n');
    writeFileSync(at('profiles'), '/usr/bin/man (enforce)\n');
    writeFileSync(at('own'), 'unconfined\n');
    writeFileSync(at('parser'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const [asked, privileged, profile] of [
    [undefined, false, 'docker-default'],
    [undefined, true, 'unconfined'],
    ['mine', false, 'mine'],
    ['mine', true, 'mine'],
    ['unconfined', false, 'unconfined'],
  ] as const) {
    test(`the profile is ${profile} with ${asked} ${privileged ? 'and privileges' : ''}`, () => {
      assert.equal(host().profileOf({ asked, privileged }), profile);
    });
  }

  test('where the host has none, nobody has a profile, whatever was asked for', async () => {
    for (const name of ['parser', 'profiles', 'enabled']) {
      rmSync(at(name));
      assert.ok(!host().isEnabled, name);
      assert.equal(host().profileOf({ asked: 'mine', privileged: false }), undefined);
    }
    await host().require('docker-default');
    assert.deepEqual(loaded, []);
  });

  test('the default profile is loaded when it is missing, with what the host has', async () => {
    const appArmor = host();
    assert.ok(appArmor.isEnabled);
    mkdirSync(at('etc/tunables'), { recursive: true });
    writeFileSync(at('etc/tunables/global'), '');
    writeFileSync(at('own'), 'engine (enforce)\n');
    await appArmor.require('mine');
    assert.deepEqual(loaded, []);
    await appArmor.require('docker-default');
    assert.match(loaded[0] ?? '', /^#include <tunables\/global>[\s\S]*peer=engine,/);
    writeFileSync(at('profiles'), 'docker-default (enforce)\n');
    await appArmor.require('docker-default');
    assert.equal(loaded.length, 1);
  });

  test('a default profile that cannot be loaded lets nothing start', async () => {
    const appArmor = host(true);
    assert.ok(appArmor.isEnabled);
    const message = 'AppArmor enabled on system but the docker-default profile could not be loaded: no room';
    await assert.rejects(appArmor.require('docker-default'), { code: 'internal', message });
  });
});
