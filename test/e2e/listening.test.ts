import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Daemon, Host } from '@fairlead/lab';

/** Who may reach the daemon, and by which socket. */

const launcher = resolve(import.meta.dirname, '../../fairlead');

test('the socket belongs to a group that is asked for by name or number, and to no other', {
  timeout: 60_000,
}, async () => {
  await using host = await Host.create({});
  const path = '/run/fairlead/docker.sock';
  for (const [group, id] of [
    ['nogroup', 65_534],
    ['4321', 4321],
  ] as const) {
    await using daemon = await Daemon.fairlead(host, ['--group', group]);
    const { mode, uid, gid } = statSync(daemon.socketPath);
    assert.deepEqual([mode & 0o777, uid, gid], [0o660, 0, id]);
  }
  const places = ['--data-root', join(host.folder, 'data'), '--exec-root', '/run/fairlead', '--pidfile', '/run/fl.pid'];
  const refused = await host.run([launcher, 'daemon', '-H', `unix://${path}`, ...places, '--group', 'no-such-group']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /can't create unix socket \/run\/fairlead\/docker\.sock: group no-such-group not found/);
});

/** Does what systemd does: opens the socket, and becomes the daemon that gets it as descriptor 3. */
const activate = `
use IO::Socket::UNIX; use POSIX;
$^F = 10;
my $socket = IO::Socket::UNIX->new(Local => shift, Listen => 16) or die $!;
POSIX::dup2(fileno($socket), 3);
$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1;
exec @ARGV or die $!;
`;

test('a socket that systemd holds is served, and outlives the daemon', { timeout: 60_000 }, async () => {
  await using host = await Host.create({});
  const socket = '/run/activated.sock';
  const places = ['--data-root', join(host.folder, 'data'), '--exec-root', '/run/fairlead', '--pidfile', '/run/fl.pid'];
  const group = ['--cgroup-parent', `/${host.name}`];
  const command = ['perl', '-e', activate, socket, launcher, 'daemon', '-H', 'fd://', ...places, ...group];
  const daemon = await Daemon.start(host, { command, socket });
  assert.match(await daemon.docker('version', '-f', '{{.Server.APIVersion}}'), /^1\.\d+\n$/);
  await daemon.stop();
  assert.ok(statSync(daemon.socketPath).isSocket());
  const refused = await host.run([launcher, 'daemon', '-H', 'fd://', ...places]);
  assert.match(refused.stderr, /no sockets found via socket activation: make sure the service was started by systemd/);
});
