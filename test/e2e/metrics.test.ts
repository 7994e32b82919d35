import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Daemon, Host } from '@fairlead/lab';

/** What Prometheus gets to see. */

test('networking is counted by the names of containers and networks', { timeout: 60_000 }, async () => {
  await using host = await Host.create({});
  await using daemon = await Daemon.fairlead(host, ['--metrics-addr', '127.0.0.1:9323']);
  await daemon.loadBusybox();
  await daemon.docker('network', 'create', 'app');
  await daemon.docker('run', '-d', '--name', 'web', '--network', 'app', '-p', '8080:80', 'busybox', 'sleep', '100');
  await daemon.docker('run', '-d', '--name', 'asker', '--network', 'app', 'busybox', 'sleep', '100');
  await daemon.docker('exec', 'asker', 'ping', '-c', '3', '-i', '0.1', '-s', '1000', 'web');
  await daemon.tryDocker(['exec', 'asker', 'nslookup', 'no-such-name.example.test.']);

  const text = await host.exec('curl', '-sf', 'http://127.0.0.1:9323/metrics');
  const value = (name: string, labels: Readonly<Record<string, string>>) => {
    const line = text
      .split('\n')
      .find(
        (each) =>
          each.startsWith(`${name}{`) &&
          Object.entries(labels).every(([key, word]) => each.includes(`${key}="${word}"`)),
      );
    return Number(line?.split(' ').at(-1));
  };
  const asker = { container: 'asker', network: 'app' };
  for (const name of ['receive_bytes', 'transmit_bytes']) {
    assert.ok(value(`fairlead_endpoint_${name}_total`, asker) > 3000, name);
  }
  assert.ok(value('fairlead_endpoint_receive_packets_total', asker) >= 3);
  assert.ok(value('fairlead_endpoint_receive_drops_total', asker) >= 0);
  // Both families of the host.
  assert.ok(value('fairlead_published_ports', { container: 'web' }) >= 1);
  assert.ok(value('fairlead_dns_queries_total', { container: 'asker' }) >= 2);
  assert.ok(value('fairlead_dns_local_hits_total', { container: 'asker' }) >= 1);
  assert.ok(value('fairlead_dns_failures_total', { container: 'asker' }) >= 1);
  assert.equal(value('fairlead_operation_seconds_count', { operation: 'start' }), 2);
  assert.equal(value('fairlead_operation_seconds_count', { operation: 'network create' }), 1);
  assert.match(text, /^fairlead_kernel_apply_seconds_count [1-9]\d*$/m);
  assert.equal(value('engine_daemon_container_states_containers', { state: 'running' }), 2);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  for (const line of text.trim().split('\n'))
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [-+.\de]+(Inf)?)$/);
  assert.equal((await host.run(['curl', '-s', 'http://127.0.0.1:9323/other'])).stdout, '404 page not found\n');
});
