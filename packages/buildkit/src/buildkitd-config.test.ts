import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildkitdConfig } from './buildkitd-config.ts';

const settings = {
  program: '/usr/bin/buildkitd',
  root: '/var/lib/fairlead/buildkit',
  state: '/run/fairlead/buildkit',
  containerd: { socket: '/run/fairlead/containerd/containerd.sock', namespace: 'fairlead', snapshotter: 'overlayfs' },
  cgroupParent: '/fairlead',
  dns: { servers: [], search: [], options: [] },
  mirrors: [],
  insecureRegistries: [],
  certificates: new Map<string, string>(),
};

test('a buildkitd works in the engine’s containerd and asks the engine for networks', () => {
  assert.equal(
    buildkitdConfig(settings, '/opt/fairlead/programs'),
    `root = "/var/lib/fairlead/buildkit"
insecure-entitlements = ["network.host"]
[grpc]
address = ["unix:///run/fairlead/buildkit/buildkitd.sock"]
[otel]
socketPath = "/run/fairlead/buildkit/otel.sock"
[cdi]
disabled = true
[dns]
nameservers = []
searchDomains = []
options = []
[worker.oci]
enabled = false
[worker.containerd]
enabled = true
address = "/run/fairlead/containerd/containerd.sock"
namespace = "fairlead"
snapshotter = "overlayfs"
defaultCgroupParent = "/fairlead"
networkMode = "cni"
cniConfigPath = "/run/fairlead/buildkit/network.conflist"
cniBinaryPath = "/opt/fairlead/programs"
`,
  );
});

test('what the operator says of registries, names and profiles is said to it', () => {
  const text = buildkitdConfig(
    {
      ...settings,
      root: '/a "b"\\',
      appArmorProfile: 'docker-default',
      dns: { servers: ['10.0.0.1'], search: ['lan'], options: [] },
      mirrors: ['https://mirror.lan', 'http://plain.lan:5000'],
      insecureRegistries: ['old.lan:5000', '10.0.0.0/8', 'plain.lan:5000'],
      certificates: new Map(['old.lan:5000', 'own.lan'].map((host) => [host, `/certs.d/${host}`])),
      hostGateway: '172.17.0.1',
    },
    '/p',
  );
  const tail = `[worker.containerd.labels]
"org.mobyproject.buildkit.worker.moby.host-gateway-ip" = "172.17.0.1"
[registry."docker.io"]
mirrors = ["mirror.lan","plain.lan:5000"]
[registry."plain.lan:5000"]
http = true
[registry."old.lan:5000"]
insecure = true
http = true
tlsconfigdir = ["/certs.d/old.lan:5000"]
[registry."own.lan"]
tlsconfigdir = ["/certs.d/own.lan"]
`;
  assert.ok(text.endsWith(tail), text);
  assert.ok(text.startsWith('root = "/a \\"b\\"\\\\"\n'));
  assert.match(text, /^nameservers = \["10\.0\.0\.1"\]\nsearchDomains = \["lan"\]$/m);
  assert.match(text, /^apparmor-profile = "docker-default"$/m);
});
