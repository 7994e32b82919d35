import type { ScriptedAnswer } from './recorded-engine.ts';

const dates = { CreatedAt: '2026-01-01T00:00:00Z', UpdatedAt: '2026-01-01T00:00:00Z' };

const cluster = {
  ID: 'cluster',
  Version: { Index: 7 },
  ...dates,
  Spec: {
    Name: 'default',
    Labels: {},
    Orchestration: { TaskHistoryRetentionLimit: 5 },
    Raft: { SnapshotInterval: 10_000, LogEntriesForSlowFollowers: 500, ElectionTick: 10, HeartbeatTick: 1 },
    Dispatcher: { HeartbeatPeriod: 5e9 },
    CAConfig: { NodeCertExpiry: 7.776e15 },
    TaskDefaults: {},
    EncryptionConfig: { AutoLockManagers: true },
  },
  TLSInfo: { TrustRoot: 'ROOT\n' },
  JoinTokens: { Worker: 'SWMTKN-1-w', Manager: 'SWMTKN-1-m' },
};

const node = {
  ID: 'node1',
  Version: { Index: 9 },
  ...dates,
  Spec: { Role: 'manager', Availability: 'active', Labels: { rack: '1', ssd: '' } },
  Description: {
    Hostname: 'host',
    Platform: { Architecture: 'x86_64', OS: 'linux' },
    Resources: { NanoCPUs: 2e9, MemoryBytes: 4.1e9 },
    Engine: {
      EngineVersion: '28.2.2',
      Labels: { zone: 'a' },
      Plugins: [
        { Type: 'Network', Name: 'bridge' },
        { Type: 'Log', Name: 'local' },
        { Type: 'Network', Name: 'host' },
      ],
    },
    TLSInfo: { TrustRoot: 'ROOT\n', CertIssuerSubject: 'c3ViamVjdA==', CertIssuerPublicKey: 'a2V5' },
  },
  Status: { State: 'ready', Addr: '10.0.0.1' },
  ManagerStatus: { Leader: true, Reachability: 'reachable', Addr: '10.0.0.1:2377' },
};

const info = { Swarm: { NodeID: 'node1', ControlAvailable: true, LocalNodeState: 'active' } };

function payloads(kind: string) {
  return ['b', 'a', 'app_old', 'pw', 'pw10', 'pw9'].map((name) => ({
    ID: `${kind}-${name}`,
    Version: { Index: 5 },
    ...dates,
    Spec: { Name: name, Labels: name === 'a' ? { x: '1' } : {}, ...(kind === 'config' && { Data: 'aGVsbG8=' }) },
  }));
}

const image = `busybox:1@sha256:${'0'.repeat(64)}`;
const task = {
  Version: { Index: 5 },
  UpdatedAt: dates.UpdatedAt,
  Spec: { ContainerSpec: { Image: image } },
  ServiceID: 'service1',
  NodeID: 'node1',
};
const tasks = [
  {
    ...task,
    ID: 'task1aaaaaaaaaaaaaaaaaaaa',
    CreatedAt: '2026-01-01T00:00:01Z',
    Slot: 1,
    Status: { Timestamp: '2020-01-01T00:00:00Z', State: 'failed', Err: 'task: non-zero exit (137): and more words' },
    DesiredState: 'shutdown',
  },
  {
    ...task,
    ID: 'task2aaaaaaaaaaaaaaaaaaaa',
    CreatedAt: '2026-01-01T00:00:02Z',
    Slot: 1,
    Status: {
      Timestamp: '2020-01-01T00:00:00Z',
      State: 'running',
      PortStatus: { Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }] },
    },
    DesiredState: 'running',
  },
  {
    ...task,
    ID: 'task3aaaaaaaaaaaaaaaaaaaa',
    CreatedAt: '2026-01-01T00:00:03Z',
    Status: { Timestamp: '2020-01-01T00:00:00Z', State: 'pending' },
    DesiredState: 'running',
  },
];

/**
 * Answers of an engine that is the only node of a swarm, and has `service` for whatever service it is asked for,
 * and `services` when it is asked for all.
 */
export function scriptedSwarm(
  service: unknown = {},
  services: readonly unknown[] = [service],
): (method: string, path: string) => ScriptedAnswer {
  const ok = (body: unknown, status = 200): ScriptedAnswer => ({ status, body });
  return (method, path) => {
    const [, kind = '', name = '', verb] = path.replace(/\?.*/, '').split('/');
    if (kind === 'distribution') return ok({ message: 'no registry' }, 404);
    if (name === 'absent') return ok({ message: `${kind.slice(0, -1)} absent not found` }, 404);
    if (name === 'create') return ok(kind === 'networks' ? { Id: 'new' } : { ID: 'new' }, 201);
    if (verb !== undefined || method === 'DELETE') return ok({});
    switch (kind) {
      case 'swarm':
        if (name === 'init') return ok('node1');
        return ok(name === 'unlockkey' ? { UnlockKey: 'SWMKEY-1-x' } : method === 'GET' ? cluster : {});
      case 'info':
        return ok(info);
      case 'nodes':
        return ok(name === '' ? [node] : node);
      case 'secrets':
      case 'configs': {
        const all = payloads(kind.slice(0, -1));
        // What a stack is about to make is there by the time that its services ask for it.
        if (name === '') return ok([...all, { ...all[0], ID: `${kind}-app_new`, Spec: { Name: 'app_new' } }]);
        const found = all.find(({ Spec }) => Spec.Name === name);
        return found ? ok(found) : ok({ message: `${kind.slice(0, -1)} ${name} not found` }, 404);
      }
      case 'tasks':
        return ok(name === '' ? tasks : tasks[0]);
      case 'networks':
        return ok(name === '' ? [] : { Id: `id-${name}`, Name: name, Driver: 'overlay', Scope: 'swarm', ...dates });
      case 'services':
        return ok(name !== '' ? service : services);
      default:
        return ok([]);
    }
  };
}
