import type { Files } from './peer-table.ts';
import { scriptedService } from './scripted-service.ts';

/** A service of the stack `old`, as it was deployed before. */
export const deployedService = {
  ...scriptedService,
  Spec: {
    ...scriptedService.Spec,
    Name: 'old_web',
    Labels: { 'com.docker.stack.namespace': 'old', 'com.docker.stack.image': 'nginx:1' },
    TaskTemplate: {
      ...scriptedService.Spec.TaskTemplate,
      ContainerSpec: { Image: `nginx:1@sha256:${'a'.repeat(64)}` },
    },
  },
};

const everything = `
version: "3"
x-common: &common
  labels: {from: anchor, n: 5}
services:
  web:
    <<: *common
    image: nginx:\${TAG:-1}
    cap_add: [net_admin]
    cap_drop: [ALL]
    command: sh -c "echo 'a b'" c\\ d
    configs:
      - new
      - {source: new, target: /etc/x, uid: "5", gid: "6", mode: 0440}
    deploy:
      mode: replicated
      replicas: \${COUNT:-2}
      endpoint_mode: VIP
      labels: [a=b, c]
      update_config: {parallelism: 0, delay: 1m30s, failure_action: rollback, monitor: 500ms, max_failure_ratio: 0.5, order: start-first}
      rollback_config: {parallelism: 3, order: stop-first}
      resources:
        limits: {cpus: '0.5', memory: 64M, pids: 7}
        reservations:
          cpus: '0.25'
          memory: 20M
          generic_resources: [{discrete_resource_spec: {kind: gpu, value: 2}}]
      restart_policy: {condition: on-failure, delay: 5s, max_attempts: 3, window: 120s}
      placement:
        constraints: [node.role==manager]
        preferences: [{spread: node.labels.rack}]
        max_replicas_per_node: 2
    dns: 1.1.1.1
    dns_search: [a.example, b.example]
    entrypoint: [/init, --]
    environment:
      A: 1
      B:
      VALUE:
      C: "x=$$y \${TAG} $NONE"
    env_file: env
    extra_hosts: ["one:10.0.0.1", "six=[::1]"]
    healthcheck: {test: "exit 0", interval: 30s, timeout: 3s, retries: 3, start_period: 1s, start_interval: 100ms}
    hostname: "h{{.Task.Slot}}"
    init: true
    isolation: default
    logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}
    networks:
      front: {aliases: [w1], driver_opts: {k: v}}
      back:
    ports:
      - 8080:80
      - "9000-9001:90-91/udp"
      - 53
      - {target: 443, published: 8443, mode: host, protocol: tcp}
    read_only: true
    secrets: [new, {source: outside, target: key}]
    stdin_open: true
    stop_grace_period: 1m
    stop_signal: INT
    sysctls: {net.core.somaxconn: 1024}
    tty: true
    ulimits: {nproc: 65535, nofile: {soft: 20000, hard: 40000}}
    user: "5"
    volumes:
      - data:/data
      - /anonymous
      - ./rel:/rel:ro
      - /abs:/abs:rslave,nocopy
      - {type: tmpfs, target: /t, tmpfs: {size: 1000}}
      - {type: volume, source: ext, target: /e, volume: {nocopy: true}}
      - {type: bind, source: ~/x, target: /x, bind: {propagation: shared}}
    working_dir: /srv
networks:
  front:
    driver: overlay
    driver_opts: {encrypted: ""}
    attachable: true
    labels: {z: y}
    ipam: {driver: default, config: [{subnet: 172.28.0.0/16}]}
  back: {external: true, name: ready}
volumes:
  data: {driver: local, driver_opts: {type: tmpfs, o: size=1}, labels: {v: w}}
  ext: {external: true, name: theirs}
secrets:
  new: {file: ./text, labels: {s: t}}
  outside: {external: true, name: a}
configs:
  new: {file: text, template_driver: golang}
`;

const one = (service: string, more = '') => `services:\n  web:\n    image: nginx:1\n    ${service}\n${more}`;

/** Compose files by their names. */
export const stackFiles: Files = {
  text: 'hello',
  env: 'FROM_FILE=1\n# no\nA=file\nGONE\nVALUE\n',
  'all.yml': everything,
  'one.yml': one(''),
  'over.yml':
    'services:\n  web:\n    command: [b]\n    environment: [A=2, C=3]\n    ports: ["80:81", "81:81"]\n    volumes: ["/a:/x"]\n' +
    '    networks: {n: {aliases: [c]}}\n    logging: {options: {b: "2"}}\n    labels: {b: c}\n    dns: 2.2.2.2\n' +
    '    deploy: {replicas: 5, labels: {q: r}}\n    ulimits: {nproc: {soft: 1, hard: 2}}\n' +
    '  more:\n    image: busybox\nnetworks: {n: {driver: other}, m: {}}\n',
  'base.yml':
    'services:\n  web:\n    image: nginx:1\n    command: [a]\n    environment: {A: "1", B: "2"}\n    ports: ["80:80"]\n' +
    '    volumes: ["/b:/x", "/c:/y"]\n    networks: {n: {aliases: [a, b], ipv4_address: 10.0.0.5}}\n' +
    '    logging: {driver: json-file, options: {a: "1"}}\n    labels: [a=b]\n    dns: [1.1.1.1]\n' +
    '    deploy: {replicas: 2, labels: {o: p}}\n    ulimits: {nproc: 5}\nnetworks: {n: {driver: overlay, attachable: true}}\n',
  'older.yml': 'version: "3.0"\nservices: {}\n',
  'two.yml': 'version: "2.4"\nservices: {}\n',
  'list.yml': '- a\n',
  'empty.yml': '',
  'unknown.yml': 'version: "3"\nservices:\n  web:\n    image: a\n    foo: bar\n',
  'unknown-top.yml': 'name: x\nservices: {}\n',
  'forbidden.yml': one('mem_limit: 1g\n    extends: x\n    volumes_from: [a]'),
  'passed-over.yml': one(
    'build: .\n    privileged: true\n    links: [a]\n    restart: always\n    container_name: c\n    expose: [80]',
  ),
  'no-image.yml': 'services:\n  web:\n    command: a\n',
  'type.yml': one('ports: 80'),
  'deep.yml': one('deploy: {resources: {limits: {cpus: 0.5}}}'),
  'order.yml': one('deploy: {update_config: {order: odd}}'),
  'item.yml': one('command: [1]'),
  'twice.yml': one('cap_add: [a, b, a]'),
  'span.yml': one('stop_grace_period: 5'),
  'span-text.yml': one('stop_grace_period: soon'),
  'port.yml': one('ports: ["x:80"]'),
  'port-key.yml': one('ports: [{target: a}]'),
  'ulimit.yml': one('ulimits: {nofile: {soft: 1}}'),
  'mount.yml': one('volumes: [{target: /x}]'),
  'mount-source.yml': one('volumes: [{type: bind, target: /x}]'),
  'mount-odd.yml': one('volumes: [{type: odd, target: /x}]'),
  'mount-tmpfs.yml': one('volumes: [{type: tmpfs, source: x, target: /x}]'),
  'no-volume.yml': one('volumes: ["data:/x"]'),
  'no-network.yml': one('networks: [n]'),
  'no-secret.yml': one('secrets: [s]'),
  'no-config.yml': one('configs: [s]'),
  'no-file.yml': one('', 'secrets: {s: {file: ./absent}}\n'),
  'bad-variable.yml': one('hostname: "${"'),
  'needed.yml': one(`hostname: "\${NONE:?say it}"`),
  'number.yml': one(`deploy: {replicas: "\${VALUE}"}`),
  'truth.yml': one(`tty: "\${VALUE}"`),
  'external.yml': one('networks: [n]', 'networks: {n: {external: true, name: absent}}\n'),
  'external-volume.yml': one('', 'volumes: {v: {external: true, driver: x}}\n'),
  'both-names.yml': one('', 'secrets: {s: {external: {name: a}, name: b}}\n'),
  'driver-file.yml': one('', 'secrets: {s: {driver: a, file: b}}\n'),
  'global.yml': one('deploy: {mode: global, replicas: 1}'),
  'mode.yml': one('deploy: {mode: odd}'),
  'job.yml': one('deploy: {mode: replicated-job, replicas: 3}'),
  'restart.yml': one('restart: "on-failure:3"'),
  'unhealthy.yml': one('healthcheck: {disable: true}'),
  'health-both.yml': one('healthcheck: {disable: true, test: [CMD, a]}'),
  'host-network.yml': one('networks: [h]', 'networks: {h: {external: true, name: host}}\n'),
  'update-secret.yml': one('secrets: [old]', 'secrets: {old: {file: ./text}}\n'),
  'changed.yml': 'services:\n  web:\n    image: nginx:2\n',
};
