import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Daemon, Host } from '@fairlead/lab';
import { writePluginData } from '../e2e/managed-plugin-rig.ts';
import { PluginRig } from '../e2e/plugin-rig.ts';
import { besideDockerd20, startDockerd, startFairlead } from '../lab/peer.ts';

/** Sessions of the docker command that have to print the same on Fairlead as on dockerd 20.10, errors and exit codes too. */

const sessions: Readonly<Record<string, string>> = {
  images: `
docker version --format '{{.Server.Os}} {{.Server.Arch}} {{.Server.Experimental}}'
docker images --format '{{.Repository}}|{{.Tag}}|{{.ID}}|{{.Digest}}|{{.CreatedSince}}'
docker images -q --no-trunc
docker image ls --filter dangling=true
docker image ls --filter reference='busy*:lat*' --format '{{.Repository}}'
docker image inspect busybox --format '{{.Id}} {{.RepoTags}} {{.RepoDigests}} {{.Parent}} {{json .Config.Cmd}} {{json .Config.Env}}'
docker history busybox --format '{{.CreatedBy}}|{{.Comment}}|{{.ID}}'
docker tag nothing x
docker tag busybox UPPER
docker rmi nothing
docker build -q - </dev/null
docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'
docker image prune -f
docker plugin ls
docker node ls
docker swarm leave
docker secret ls`,
  networks: `
docker network ls
docker network ls --format '{{.Name}}|{{.Driver}}|{{.Scope}}|{{.IPv6}}|{{.Internal}}|{{.Labels}}'
docker network create --label a=b --subnet 10.44.0.0/24 --gateway 10.44.0.9 --ip-range 10.44.0.128/25 --aux-address x=10.44.0.77 app
docker network ls --filter label=a=b --format '{{.Name}} {{.Labels}}'
docker network ls --filter type=custom -q --no-trunc
docker network ls --filter driver=host
docker network inspect nothing
docker network create app
docker network create --subnet 10.45.0.0/24 --gateway 10.46.0.1 other
docker network create bridge
docker network rm bridge
docker network rm nothing
docker network create --internal --ipv6 --subnet fd44::/64 inner
docker network create --config-only --subnet 10.50.0.0/24 conf
docker network create --config-from conf fromconf
docker network rm conf
docker network rm fromconf conf`,
  'a container': `
docker run -d --name web --network app --ip 10.44.0.20 --network-alias www -l tier=front -e A=1 -p 8080:80 -p 127.0.0.1:8081:81/udp --expose 99 --memory 64m --hostname h1 busybox sleep 600
docker network connect --alias second inner web
docker network connect inner web
docker ps --format '{{.ID}} {{.Image}} {{.Command}} {{.Ports}} {{.Names}} {{.Labels}}'
docker ps --filter publish=8080 --format '{{.Names}}'
docker ps --filter expose=99 --format '{{.Names}}'
docker port web | sort
docker port web 82
docker inspect --format '{{json .NetworkSettings.Ports}}' web
docker inspect --format '{{.Nothing}}' web
docker inspect --type network web
docker network inspect app --format '{{json .Containers}}'
docker network disconnect inner web
docker network disconnect inner web
docker exec -w /tmp -e B=2 web sh -c 'hostname; pwd; echo $A$B'
docker exec -u 99:98 web id
docker exec -it web true
docker pause web
docker unpause web
docker unpause web
docker rename nothing x
docker rm -l web
docker ps --filter name='^w.b$|nothing' --format '{{.Names}}'
docker update --memory 128m --memory-swap 128m web
docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.RestartPolicy}}' web
docker cp web:/nothing .
docker diff web
docker stop -t 0 web
docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Pid}} {{json .NetworkSettings.Ports}} {{json .NetworkSettings.Networks.app.IPAMConfig}}' web
docker rm web
docker rm web
docker network rm app inner`,
  'what goes wrong, and what is left': `
docker run --rm busybox sh -c 'echo out; echo err >&2; exit 3'
docker run --rm -p 80:80:80:80 busybox true
docker run --rm --network host -p 80:80 busybox true
docker run --rm -w /nothing busybox pwd
docker run --rm --read-only busybox touch /x
docker run --rm -u nothing busybox true
docker run --name fail busybox false
docker inspect -f '{{.State.ExitCode}} {{.State.Error}} {{.RestartCount}} {{.Config.Image}} {{.Path}} {{.Args}}' fail
docker run --name fail busybox true
docker rm fail
docker create --name made -v data:/data -v /anon busybox true
docker volume rm data
docker volume inspect nothing
docker volume create --label k=v --opt type=tmpfs --opt device=tmpfs --opt o=size=1m vol
docker volume ls --filter label=k --format '{{.Name}} {{.Labels}}'
docker volume inspect vol --format '{{json .Options}} {{json .Labels}} {{.Scope}}'
docker rm -v made
docker volume rm vol data
docker logs nothing
docker attach nothing
docker ps -a --format 'table {{.Names}}\\t{{.Status}}'`,
  'odd requests': `
docker run --rm busybox sh -c 'ls -l /.dockerenv | cut -c1-30'
docker run --rm --read-only busybox touch /etc/hosts
docker run --rm --mount type=tmpfs,dst=/t,tmpfs-mode=1770,tmpfs-size=1m busybox stat -c %a /t
docker run --rm -v /etc:/e:rshared busybox true
docker run --rm -v /:/host:ro busybox touch /host/x
docker create --mount type=bind,src=/etc,dst=/e,bind-propagation=bad busybox
docker create -v /tmp:/x:nocopy busybox
docker create -v data:/x:rslave busybox
docker create --tmpfs / busybox
docker create --name odd -v /:/host --init=false -w /a/../b busybox true
docker inspect /odd --format '{{.HostConfig.Init}} {{.Config.WorkingDir}} {{range .Mounts}}{{.Propagation}}{{end}}'
docker logs /odd
docker rename odd 'a b'
docker rename odd x
docker unpause odd
docker attach --detach-keys bad odd
docker tag busybox moving
docker create --name before moving
docker commit before moving
docker ps -a --filter name=before --format '{{.Image}}'
docker push nothing
docker image prune -f --filter until=bad
docker run -d --rm --name gone busybox sleep 1000
docker stop -t 0 gone
sleep 1; docker events --since 1m --until 0s --filter container=gone --format '{{.Action}}' | sort
docker network create --config-only --subnet 10.51.0.0/24 shape
docker network prune -f
docker network rm shape
docker rm odd before`,
  'volumes of a plugin': `
docker volume create -d plug -o k=v --label a=b web
docker volume create web
docker volume create -d nope web
docker volume create -d plug -o fail=badly bad
docker volume create -d plug a
docker volume inspect --format '{{.Name}} {{.Driver}} {{.Scope}} {{.CreatedAt}} {{.Labels}} {{.Options}} {{.Status}}' web
docker volume ls --filter driver=plug --filter label=a=b --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}}'
docker info --format '{{.Plugins.Volume}}'
docker create --name user -v web:/data -v /anon --volume-driver plug busybox ls /data
docker inspect --format '{{range .Mounts}}{{if eq .Destination "/data"}}{{.Type}} {{.Driver}} {{.Mode}} {{.RW}}|{{end}}{{end}}{{range .Mounts}}{{if eq .Destination "/anon"}}{{.Type}} {{.Driver}} {{.Mode}} {{.RW}}|{{end}}{{end}}{{.HostConfig.VolumeDriver}}' user
docker start -a user
docker volume rm web
docker rm -v user
docker create --mount type=volume,src=made,dst=/data,volume-driver=plug,volume-opt=x=y,volume-label=l=m --rm busybox true
docker volume inspect --format '{{.Driver}} {{.Labels}} {{.Options}}' made
docker run --rm --mount type=volume,src=bad,dst=/data,volume-driver=plug,volume-opt=fail=so busybox true
docker volume ls
docker volume prune -f
docker system df -v --format '{{len .Volumes}}'
docker volume rm a web
docker volume rm web
docker volume rm -f web
docker volume create loc
docker volume create -d plug loc`,
  'plugins that the engine runs': `
docker plugin enable nothing
docker plugin inspect nothing
docker plugin create own/vols $DATA
docker plugin create own/vols $DATA
docker plugin create UPPER $DATA
docker plugin ls
docker plugin ls --format '{{.Name}}|{{.Description}}|{{.Enabled}}|{{.PluginReference}}'
docker plugin inspect own/vols --format '{{.Name}} {{.Enabled}} {{.PluginReference}} {{json .Config.Interface}} {{json .Config.Linux}} {{json .Config.Env}} {{json .Config.Args}} {{.Config.PropagatedMount}}'
docker plugin inspect own/vols --format '{{json .Settings}}'
docker plugin disable own/vols
docker volume create -d own/vols early
docker plugin set own/vols KIND=set
docker plugin set own/vols NOTHING=x
docker plugin set own/vols =x
docker plugin inspect own/vols --format '{{json .Settings.Env}}'
docker plugin enable own/vols
docker plugin enable own/vols
docker plugin set own/vols KIND=other
docker plugin ls -q --filter enabled=true
docker plugin ls -q --filter enabled=false
docker plugin ls --filter capability=volumedriver --format '{{.Name}}'
docker plugin ls --filter capability=authz --format '{{.Name}}'
docker volume create -d own/vols -o k=v --label a=b owned
docker volume inspect --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Options}} {{.Status}}' owned
docker volume ls --filter driver=own/vols:latest --format '{{.Name}} {{.Driver}}'
docker run --rm -v owned:/d busybox sh -c 'echo hello > /d/f; cat /d/f'
docker run --rm --mount type=volume,src=fresh,dst=/d,volume-driver=own/vols busybox ls /d
docker network create -d own/vols net
docker plugin disable own/vols
docker plugin rm own/vols
docker volume rm owned fresh
docker plugin rm own/vols
docker plugin disable own/vols:latest
docker plugin upgrade --grant-all-permissions --skip-remote-check nothing
docker plugin push nothing
docker plugin rm own/vols
docker plugin rm own/vols
sleep 1; docker events --since 1h --until 0s --filter type=plugin --format '{{.Action}} {{.Actor.Attributes.name}}'`,
  'a swarm': `
docker swarm init --default-addr-pool 10.20.0.0/16 | grep -v SWMTKN
docker swarm init
docker swarm join --token x 192.0.2.1:2377
docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}} {{.ManagerStatus}}'
docker node update --label-add a=b --availability pause $(docker node ls -q) | wc -l
docker node inspect self --format '{{json .Spec}} {{.Status.State}} {{.ManagerStatus.Leader}}'
docker node rm $(docker node ls -q) 2>&1 | sed 's/node [0-9a-z]* /node ID /'
docker node demote $(docker node ls -q)
docker node update --availability active $(docker node ls -q) | wc -l
docker node ps --format '{{.Name}}'
docker node inspect nothing
docker swarm update --task-history-limit 3
docker swarm unlock-key
docker swarm unlock </dev/null
docker network ls --filter scope=swarm --format '{{.Name}} {{.Driver}} {{.Scope}}'
docker network inspect ingress --format '{{json .IPAM.Config}} {{.Ingress}} {{.Attachable}} {{len .Peers}}'
docker network create -d overlay --attachable --label a=b over
docker network create -d overlay over
docker network inspect over --format '{{.Scope}} {{.Attachable}} {{json .IPAM.Config}} {{.Labels}} {{len .Peers}}'
echo hush | docker secret create --label a=b pw - | wc -l
docker secret create pw /etc/hostname
docker secret create 'a b' /etc/hostname
docker secret ls --filter label=a=b --format '{{.Name}} {{.Driver}} {{.Labels}}'
docker secret inspect pw --format '{{json .Spec}}'
docker secret inspect nothing
docker config create conf /etc/hostname | wc -l
docker config inspect conf --format '{{.Spec.Name}} {{.Spec.Labels}}'
docker config rm nothing`,
  'services of it': `
docker service create -q -d --no-resolve-image --name web --replicas 2 --network over --secret pw --config source=conf,target=/conf -p 8080:80 --stop-grace-period 1s busybox sleep 1000 | wc -l
docker service create -d --no-resolve-image --name web busybox
docker service create -d --no-resolve-image --name x --network nothing busybox
docker service create -d --no-resolve-image --name x -p 8080:81 busybox 2>&1 | sed 's/([0-9a-z]*)/(ID)/'
docker service create -d --no-resolve-image --name x --secret nothing busybox
docker service create -d --no-resolve-image --name 'a b' busybox
docker service create -d --no-resolve-image --name x --constraint bad busybox
docker service create -d --no-resolve-image --name x --restart-condition bad busybox
for i in $(seq 60); do docker service ls --format '{{.Replicas}}' | grep -q 2/2 && break; sleep 0.4; done
docker service ls --format '{{.Name}} {{.Mode}} {{.Replicas}} {{.Image}} {{.Ports}}'
docker service inspect web --format '{{json .Endpoint.Ports}} {{json .Spec.Mode}} {{json .Spec.EndpointSpec}}'
docker service inspect --pretty web | grep -v '^ID:'
docker service ps web --format '{{.Name}} {{.Image}} {{.DesiredState}} {{.Error}} {{.Ports}}' | sort
docker inspect $(docker service ps -q web | head -1) --format '{{range .NetworksAttachments}}{{.Network.Spec.Name}} {{len .Addresses}} {{end}}'
docker inspect $(docker ps -q --filter name=web.1 | head -1) --format '{{range $name, $network := .NetworkSettings.Networks}}{{$name}} {{end}}'
docker exec $(docker ps -q --filter name=web.1) sh -c 'cat /run/secrets/pw; stat -c "%a %u:%g" /run/secrets/pw /conf'
docker service scale -d web=1
docker service scale -d nothing=1
docker service update -d --publish-add 8081:81 --env-add A=b web
docker service inspect web --format '{{json .Spec.TaskTemplate.ContainerSpec.Env}} {{json .Spec.EndpointSpec.Ports}}'
docker service rollback -d nothing
docker secret rm pw
docker config rm conf
docker service logs nothing
docker service rm web nothing
for i in $(seq 60); do docker ps -q --filter name=web | grep -q . || break; sleep 0.4; done
docker service ls`,
  'a stack of five services': `
printf 'version: "3.8"\\nx-all: &all\\n  image: busybox\\n  command: sleep 1000\\n  stop_grace_period: 1s\\nservices:\\n  web:\\n    <<: *all\\n    ports: ["8080:80"]\\n    networks: [front, back]\\n    deploy: {replicas: 2, labels: {tier: front}}\\n  api:\\n    <<: *all\\n    networks: [back]\\n    secrets: [key]\\n    configs: [{source: settings, target: /etc/settings}]\\n    environment: {A: 1}\\n  store:\\n    <<: *all\\n    networks: [back]\\n    volumes: ["data:/data"]\\n  worker:\\n    <<: *all\\n    networks: {back: {aliases: [w]}}\\n  queue:\\n    <<: *all\\n    networks: [back]\\n    healthcheck: {test: "true", interval: 1s}\\nnetworks: {front: , back: {internal: true}}\\nvolumes: {data: }\\nsecrets: {key: {file: /etc/hostname}}\\nconfigs: {settings: {file: /etc/hostname}}\\n' > $HOME/stack.yml
docker stack deploy --resolve-image never -c $HOME/stack.yml app 2>/dev/null | sort
for i in $(seq 60); do docker stack services app --format '{{.Replicas}}' | grep -Evq '1/1|2/2' || break; sleep 0.4; done
docker stack ls --format '{{.Name}} {{.Services}}'
docker stack services app --format '{{.Name}} {{.Mode}} {{.Image}} {{.Ports}}'
docker service inspect app_worker --format '{{json .Spec.Labels}} {{json .Spec.TaskTemplate.ContainerSpec}}'
docker network ls --filter label=com.docker.stack.namespace=app --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}}'
docker secret ls --filter label=com.docker.stack.namespace=app --format '{{.Name}}'
docker volume ls --format '{{.Name}}' | grep app
docker exec $(docker ps -q --filter name=app_api.1) sh -c 'cat /run/secrets/key /etc/settings; echo $A'
docker exec $(docker ps -q --filter name=app_api.1) sh -c 'nslookup tasks.web 127.0.0.11 | grep -c ^Address'
docker stack deploy --resolve-image never -c $HOME/stack.yml app 2>/dev/null | sed 's/(id.*//' | sort
docker stack rm app | sort
docker stack ps nothing
docker stack services nothing
for i in $(seq 60); do docker ps -q --filter name=app_ | grep -q . || break; sleep 0.4; done
docker swarm leave
docker swarm leave --force
docker node ls`,
};

let engines: readonly Daemon[];
const parts = new AsyncDisposableStack();

/** An engine with an image and a plugin. Two at a time must not be half taken apart. */
async function start(launch: (host: Host) => Promise<Daemon>): Promise<Daemon> {
  const daemon = parts.use(await launch(parts.use(await Host.create())));
  await daemon.loadBusybox();
  await new PluginRig(daemon.host, 'volume').start();
  writePluginData(daemon.host, 'vols');
  return daemon;
}

before(async () => {
  engines = await Promise.all([start(startFairlead), start(startDockerd)]);
});

after(() => parts.disposeAsync());

/**
 * Does each line of its input, and prints what that has said on both outputs, and its exit code: one shell for all of them, as
 * somebody who types them has. The docker command of 20.10 may log something as it ends, or end before it does.
 */
const typist = `said=$(mktemp -d)
while IFS= read -r line; do
  printf '$ %s\\n' "$line"
  (eval "$line") </dev/null >$said/out 2>$said/error
  code=$?
  cat $said/out
  sed '/^time="/d' $said/error
  echo "[$code]"
done
rm -r $said`;

/** What each line of a session prints, identifiers numbered in the order in which they appear. */
async function transcript({ host, address }: Daemon, session: string): Promise<string> {
  const places = { DOCKER_CONFIG: host.folder, HOME: host.folder, DATA: join(host.folder, 'plugin-data/vols') };
  const env = { DOCKER_HOST: address, DOCKER_BUILDKIT: '0', ...places };
  const input = `${session.trim()}\n`;
  const { stdout: text, stderr, code } = await host.run(['sh', '-c', typist], { env, input, timeout: 110_000 });
  assert.deepEqual([code, stderr], [0, '']);
  const seen: string[] = [];
  const numbered = (identifier: string) => {
    const short = identifier.slice(0, 12);
    if (!seen.includes(short)) seen.push(short);
    return `<${seen.indexOf(short)}>`;
  };
  return text
    .replace(/\b[0-9a-z]{25}\b/g, numbered)
    .replace(/\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b/g, numbered)
    .replace(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, '<address>')
    .replace(/ +/g, ' ');
}

const beside20 = besideDockerd20();
for (const [name, session] of Object.entries(sessions)) {
  test(`the docker command prints on Fairlead what it prints on dockerd: ${name}`, beside20, async () => {
    const [fairlead, dockerd] = await Promise.all(engines.map((daemon) => transcript(daemon, session)));
    assert.equal(fairlead, dockerd);
  });
}
