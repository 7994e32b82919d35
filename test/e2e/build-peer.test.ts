// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Dockerfiles' variables
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { besideDockerd20, peerProgram } from '../lab/peer.ts';
import { type BuildAnswer, BuildRig, type ContextFiles, withoutIds } from './build-rig.ts';

/** What Fairlead builds, and what it says about it, beside dockerd 20.10 with the same docker command. */

let fairlead: BuildRig;
let dockerd: BuildRig;
/** What each said while it built `big`. */
let built: readonly [BuildAnswer, BuildAnswer];
const client = peerProgram('docker');
const beside20 = besideDockerd20();

before(async () => {
  [fairlead, dockerd] = await Promise.all([BuildRig.fairlead(), BuildRig.dockerd()]);
  built = await both((rig) => rig.build(files, { client, flags }));
});

after(() => Promise.all([fairlead[Symbol.asyncDispose](), dockerd[Symbol.asyncDispose]()]));

const everything = `# escape=\\
ARG BASE=busybox
FROM \${BASE:-none} AS one
MAINTAINER Joe <joe@example>
LABEL a=b "c d"='e f' \\
  # in between
  g="$BASE"
ENV X=1 Y="two words" Z=a\\ b
ENV OLD some value
ENV X=\${X}2 W="<\${N:-none}\${X:+some}>"
ARG FOO=foo
ARG BAR
RUN echo $X $FOO > /r; mkdir -p /data/in; ln -s /data /linked
WORKDIR /srv/app
WORKDIR rel
COPY a.txt dir/b.txt ./
COPY dir /dd
COPY dir/ /linked/in/
COPY [ "with blank", "/b l/" ]
COPY --chown=daemon:daemon dir/* /w/new/
COPY --chown=5:6 a.txt /owned/file
COPY ?.txt li* /globbed/
COPY a.txt /etc
ADD a.txt added
ADD --chown=nobody dir /nested/deeper
VOLUME /data ["x"]
VOLUME ["/v1","/v2"]
USER nobody
EXPOSE 80 53/udp 8000-8002 $FOO1 "90"
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --timeout=1m30s --retries=3 CMD wget -q localhost
HEALTHCHECK CMD ["true"]
SHELL ["/bin/sh","-e","-c"]
ONBUILD RUN echo onbuild
ENTRYPOINT ["/bin/echo"]
CMD hello "world"
RUN true
FROM one
COPY --from=one /owned /again
COPY --from=0 /w /ww
COPY --from=busybox /etc/passwd ./
USER 0
RUN rm /r /etc/a.txt; echo changed >/dd/b.txt; chmod 700 /dd
CMD ["x", "y\\"z"]
ENTRYPOINT echo
`;
const files: ContextFiles = {
  Dockerfile: everything,
  'a.txt': 'hello\n',
  'lib.x': 'lib',
  'dir/b.txt': 'b\n',
  'dir/sub/c.txt': 'c\n',
  'dir/empty/': '',
  'with blank': 'blank',
};
const flags = ['-t', 'big', '--build-arg', 'BAR=bar', '--build-arg', 'unused=1', '--label', 'z=1', '--label', 'y=2'];

/** Answers with the path that was asked for; `packed.tar` is an archive. */
const fileServer = `require('node:http').createServer((request, response) => {
  if (request.url === '/absent') return response.writeHead(404).end('not here\\n');
  response.setHeader('Last-Modified', 'Wed, 21 Oct 2015 07:28:00 GMT');
  const archive = () => require('node:child_process').execSync('tar -c --mtime=@0 -C / etc/hostname', { stdio: 'pipe' });
  response.end(request.url === '/packed.tar' ? archive() : request.url + '\\n');
}).listen(8099, '127.0.0.1')`;

const both = <T>(work: (rig: BuildRig) => Promise<T>): Promise<[T, T]> => Promise.all([work(fairlead), work(dockerd)]);

test('the docker command prints the same', beside20, async () => {
  const [ours, theirs] = built;
  assert.equal(withoutIds(ours.text), withoutIds(theirs.text));
  assert.equal(ours.code, 0);
});

test('the history is the same, digests of files included', beside20, async () => {
  const [ours, theirs] = await both((rig) =>
    rig.docker('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Comment}}', 'big'),
  );
  assert.equal(ours, theirs);
});

test('the configuration is the same', beside20, async () => {
  const [ours, theirs] = await both(async (rig) => {
    const [image] = JSON.parse(await rig.docker('inspect', 'big'));
    const { Config, ContainerConfig, Author, Architecture, Os, Comment, RepoTags, RootFS } = image;
    const layers = RootFS.Layers.length;
    return JSON.parse(
      withoutIds(JSON.stringify({ Config, ContainerConfig, Author, Architecture, Os, Comment, RepoTags, layers })),
    );
  });
  assert.deepEqual(ours, theirs);
});

test('the files are the same, with owners, permissions and links', async () => {
  const [ours, theirs] = await both(listing);
  const without = (lines: readonly string[], others: readonly string[]) =>
    lines.filter((line) => !others.includes(line));
  assert.deepEqual([without(ours, theirs), without(theirs, ours)], [[], []]);
  assert.ok(ours.length > 50);
});

test('files are fetched from a URL, named and dated by it', beside20, async () => {
  await using servers = new AsyncDisposableStack();
  for (const { host } of [fairlead, dockerd]) {
    const child = host.start([process.execPath, '-e', fileServer]);
    servers.defer(() => void child.kill());
    while ((await host.run(['curl', '-sf', 'http://127.0.0.1:8099/up'])).code !== 0);
  }
  const text = `FROM busybox
ADD http://127.0.0.1:8099/deep/file.txt http://127.0.0.1:8099/packed.tar /fetched/
ADD --chown=1:2 http://127.0.0.1:8099/ /unnamed
RUN TZ=UTC ls -ln --full-time /fetched /unnamed; cat /unnamed`;
  for (const more of [
    text,
    `${text}\nADD http://127.0.0.1:8099/ /x/`,
    `${text}\nADD http://127.0.0.1:8099/absent /x`,
    'FROM busybox\nADD http://127.0.0.1:8099/%zz /x',
    'FROM busybox\nADD http://127.0.0.1:8099/a%2 /x/',
    'FROM busybox\nADD http://127.0.0.1:x/a /x',
    'FROM busybox\nADD http://[::1/a /x',
    'FROM busybox\nADD http:///a /x',
    'FROM busybox\nADD http://127.0.0.1:8099/q?a=%zz /x',
    'FROM busybox\nADD http://127.0.0.1:8099/f#%zz /x',
    'FROM busybox\nADD http://%zz/a /x',
    'FROM busybox\nADD http://a|b/a /x',
  ]) {
    const [ours, theirs] = await both((rig) => rig.build(more, { client, flags: ['-t', 'fetched'] }));
    assert.equal(withoutIds(ours.text), withoutIds(theirs.text));
    assert.equal(ours.code, theirs.code);
  }
  const [ours, theirs] = await both((rig) =>
    rig.docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', 'fetched'),
  );
  assert.equal(ours, theirs);
});

test('what was built before is found again by both in the same steps', beside20, async () => {
  const changed = { ...files, 'dir/b.txt': 'other\n' };
  for (const context of [files, changed]) {
    const [ours, theirs] = await both((rig) => rig.build(context, { client, flags }));
    assert.equal(withoutIds(ours.text), withoutIds(theirs.text));
  }
});

test('what is wrong is told in the same words', beside20, async () => {
  for (const [what, { text, more }] of Object.entries(faults())) {
    const [ours, theirs] = await both((rig) => rig.build({ Dockerfile: text, a: 'x' }, { client, flags: more }));
    assert.deepEqual(
      { ...ours, text: inOnePiece(withoutIds(ours.text)) },
      { ...theirs, text: inOnePiece(withoutIds(theirs.text)) },
      `${what}: ${text}`,
    );
  }
});

/** Each piece that comes from a command's standard error is coloured by itself; in which pieces it comes is chance. */
function inOnePiece(text: string): string {
  return text.replaceAll('\x1b[0m\x1b[91m', '');
}

/** Every file of the image, as tar shows it; those that engines make for themselves are left out. */
async function listing(rig: BuildRig): Promise<string[]> {
  const id = (await rig.docker('create', 'big')).trim();
  const archive = join(rig.host.folder, 'files.tar');
  await rig.docker('export', '-o', archive, id);
  const lines = execFileSync('tar', ['--numeric-owner', '-tvf', archive], { encoding: 'utf8' }).split('\n');
  return lines
    .filter((line) => !/ (dev\/|proc\/|sys\/|\.dockerenv$|etc\/(hosts|hostname|resolv\.conf|mtab)\b)/.test(line))
    .map((line) => line.replace(/ \d{4}-\d\d-\d\d \d\d:\d\d/, '').replace(/ +/g, ' '))
    .sort();
}

function faults(): Record<string, { readonly text: string; readonly more: readonly string[] }> {
  const lines = [
    ...['FOO bar', 'ENV a', 'ENV', 'ENV =x', 'ENV a=b c', 'LABEL a', 'MAINTAINER', 'FROM a b', 'FROM busybox AS 1a'],
    ...[
      'COPY a',
      'ADD a',
      'COPY absent /x',
      'ADD absent /x',
      'COPY --x=1 a /b',
      'COPY --chmod=755 a /b',
      'COPY --link a /b',
    ],
    ...['COPY a a /b', 'COPY ../x /b', 'COPY nothing* /b/', 'COPY http://a/b /b/', 'COPY --from=7 /a /b'],
    ...[
      'COPY --from=0 /a /b',
      'COPY --chown=absent a /b',
      'COPY --chown=a:b:c a /b',
      'RUN --mount=type=cache,target=/x true',
    ],
    ...[
      'RUN --network=none true',
      'RUN exit 3',
      'RUN ["sh", "-c", "exit 4"]',
      'RUN',
      'CMD ["a", 1]',
      'CMD --x=1 a',
      'CMD',
    ],
    ...['HEALTHCHECK', 'HEALTHCHECK CMD', 'HEALTHCHECK NONE x', 'HEALTHCHECK foo x', 'HEALTHCHECK --foo=1 CMD x'],
    ...['HEALTHCHECK --interval=x CMD x', 'HEALTHCHECK --interval=5 CMD x', 'HEALTHCHECK --interval=1us CMD x'],
    ...['HEALTHCHECK --retries=0 CMD x', 'HEALTHCHECK --retries=a CMD x', 'HEALTHCHECK --interval CMD x'],
    ...['EXPOSE', 'EXPOSE x', 'EXPOSE 80/icmp', 'EXPOSE 70000', 'EXPOSE 90-80', 'VOLUME', 'VOLUME [""]', 'USER'],
    ...['WORKDIR', 'WORKDIR $nothing', 'STOPSIGNAL', 'ARG', 'ARG =x', 'SHELL', 'SHELL /bin/sh', 'SHELL []'],
    ...['ONBUILD', 'ONBUILD ONBUILD RUN x', 'ONBUILD FROM x', 'ONBUILD FOO x', 'WORKDIR ${x', 'WORKDIR ${}'],
    ...[
      'WORKDIR ${x:?no good}',
      'WORKDIR ${x:=y}',
      'ENV a="b',
      'FROM $nothing',
      'FROM busybox AS a\nFROM busybox AS a',
    ],
    ...['ENV a=b \\\n\n c=d', 'RUN mkdir -p /d/a\nCOPY a /d', 'RUN <<END\necho\nEND'],
  ];
  const table = Object.fromEntries(lines.map((line) => [line, { text: `FROM busybox\n${line}\n`, more: [] }]));
  return {
    ...table,
    empty: { text: '', more: [] },
    'comments only': { text: '# x\n', more: [] },
    'no stage': { text: 'RUN x\n', more: [] },
    'wrong escape': { text: '# escape=x\nFROM busybox\n', more: [] },
    'two escapes': { text: '# escape=`\n# escape=`\nFROM busybox\n', more: [] },
    'no files at all': { text: 'FROM scratch\n', more: [] },
    'absent target': { text: 'FROM busybox\n', more: ['--target', 'x'] },
    'CPU that is not there, for a command': { text: 'FROM busybox\nRUN true\n', more: ['--cpuset-cpus', '99'] },
    'CPU that is not there, for a setting': { text: 'FROM busybox\nENV w=x\n', more: ['--cpuset-cpus', '99'] },
    'CPU that nobody needs': { text: 'FROM busybox\nCOPY a /b\n', more: ['--cpuset-cpus', '99'] },
    'too little memory': { text: 'FROM busybox\nRUN true\n', more: ['--memory', '1m'] },
    'swap without memory': { text: 'FROM busybox\nRUN true\n', more: ['--memory-swap', '1g'] },
    'wrong platform': { text: 'FROM --platform=a/b/c/d busybox\n', more: [] },
  };
}
