import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containersUnitText, placesBelow, socketUnitText, unitText } from './places.ts';

test('everything that is installed lies below the folder that is asked for', () => {
  for (const [name, place] of Object.entries(placesBelow('/x'))) {
    assert.match(place, name === 'address' ? /^unix:\/\/\/x\// : /^\/x\//, name);
  }
});

test('the unit ends only the daemon and manages its own cgroups', () => {
  const unit = unitText(placesBelow('/'));
  assert.match(unit, /^KillMode=process$/m);
  assert.match(unit, /^Delegate=yes$/m);
  assert.match(unit, /^ExecStart=".*\/fairlead" daemon -H fd:\/\/ --data-root \/var\/lib\/fairlead /m);
});

test('systemd holds the socket, for a group that the machine has', () => {
  const places = placesBelow('/');
  assert.match(unitText(places), /^Requires=fairlead\.socket$/m);
  assert.match(
    socketUnitText(places, 'docker'),
    /^ListenStream=\/run\/fairlead\/docker\.sock$[\s\S]*^SocketGroup=docker$/m,
  );
  assert.doesNotMatch(socketUnitText(places, undefined), /SocketGroup/);
});

test('containers are stopped with the machine, before the engine, and not with it', () => {
  const places = placesBelow('/');
  const unit = containersUnitText(places);
  assert.match(unit, /^After=fairlead\.service$/m);
  assert.match(unit, /^RemainAfterExit=yes\nExecStop=".*\/fairlead" -H unix:\S+ system stop-containers$/m);
  // Each of these would stop it, and with it all containers, when the engine is only started anew.
  assert.doesNotMatch(unit, /^(Requires|BindsTo|PartOf|Requisite|ExecStart)=/m);
  assert.match(unitText(places), /^After=network-online\.target remote-fs\.target /m);
});
