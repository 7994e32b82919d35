import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ApiClient } from '@fairlead/api/client';
import type { MapView } from '@fairlead/map';
import type { Browser, Page } from 'playwright-core';

import { EngineHost } from '../e2e/engine-host.ts';
import { whenListening } from '../e2e/web-server.ts';
import { noBrowser, openBrowser } from './browser.ts';
import { buttonNames, countFrames, fakeEvents, overflows, poorContrasts } from './page-measures.ts';

/** The map of a real host, in a real browser. With FAIRLEAD_PICTURES=FOLDER the pictures of docs/map.md are made. */

const fairlead = resolve(import.meta.dirname, '../../fairlead');
const pictures = process.env['FAIRLEAD_PICTURES'];
const wall = 'add table ip wall; add chain ip wall f { type filter hook forward priority 0; policy drop; }';

let rig: EngineHost;
let client: ApiClient;

before(async () => {
  rig = await EngineHost.start();
  const { host, daemon } = rig;
  // The outside of the lab has no name server, and the doctor would say so.
  await host.exec('sh', '-c', ': >/etc/resolv.conf');
  client = new ApiClient(`unix://${daemon.socketPath}`);
  await daemon.docker('network', 'create', '--ipv6', '--subnet', '10.9.1.0/24', '--subnet', 'fd00:9:1::/64', 'app');
  await daemon.docker('network', 'create', '--internal', '--subnet', '10.9.2.0/24', 'back');
  const run = (name: string, network: string, ...words: string[]) =>
    daemon.docker('run', '-d', '--name', name, '--network', network, ...words);
  await run('db', 'app', '-p', '8080:80', 'busybox', 'httpd', '-f', '-h', '/etc');
  await whenListening(daemon, 'db');
  await run('web', 'app', 'busybox', 'ping', '-q', '-i', '0.05', '-s', '1200', 'db');
  await run('vault', 'back', 'busybox', 'sleep', '1000');
  await run('cache', 'app', 'busybox', 'sleep', '1000');
  await daemon.docker('network', 'connect', 'back', 'db');
  await daemon.docker('create', '--name', 'asleep', '--network', 'app', 'busybox', 'true');
  // Another engine's container, as the kernel has it.
  await host.exec('ip', 'netns', 'add', 'stranger');
  await host.exec(
    'bash',
    '-ec',
    [
      'ip link add cni0 type bridge; ip addr add 172.30.9.1/24 dev cni0; ip link set cni0 up',
      'ip link add veth-odd type veth peer name eth0 netns stranger; ip link set veth-odd master cni0 up',
      'ip -n stranger addr add 172.30.9.2/24 dev eth0; ip -n stranger link set eth0 up',
    ].join('\n'),
  );
});

after(async () => {
  await rig?.[Symbol.asyncDispose]();
});

async function invitation(): Promise<string> {
  const env = { DOCKER_HOST: rig.daemon.address };
  const { stdout } = await rig.host.run([fairlead, 'map', '--no-open'], { env });
  return stdout.split('\n')[0] ?? '';
}

test('the map is one value, with what is ours and what is not', async () => {
  const view = await client.json<MapView>('GET', '/fairlead/map');
  assert.deepEqual(
    view.tiles.map(({ id }) => id),
    [
      'tile:app/db',
      'tile:back/db',
      'tile:app/web',
      'tile:back/vault',
      'tile:app/cache',
      'tile:app/asleep',
      'tile:veth-odd',
    ],
  );
  const stranger = view.tiles.at(-1);
  assert.equal(stranger?.name, 'stranger');
  assert.deepEqual(stranger?.addresses, ['172.30.9.2']);
  assert.deepEqual(
    view.networks.map(({ name, owner }) => `${owner} ${name}`),
    ['fairlead bridge', 'fairlead app', 'fairlead back', 'other cni0'],
  );
  assert.deepEqual(view.host.uplinks[0]?.gateways.length, 2);
});

test('the command prints the same for programs', async () => {
  const env = { DOCKER_HOST: rig.daemon.address };
  const { stdout } = await rig.host.run([fairlead, 'map', '--json'], { env });
  assert.equal((JSON.parse(stdout) as MapView).tiles.length, 7);
});

test('every command of a kernel view runs, and shows something', async () => {
  const view = await client.json<MapView>('GET', '/fairlead/map');
  const [port] = view.ports;
  const ids = [
    'host',
    'outside',
    'tile:app/web',
    'tile:veth-odd',
    'network:app',
    'bridge:cni0',
    'link:eth0',
    port?.id ?? '',
  ];
  const views = await Promise.all(
    ids.map((id) =>
      client.json<{ commands: { command: string }[] }>('GET', `/fairlead/map/object/${encodeURIComponent(id)}`),
    ),
  );
  const commands = views.flatMap((each) => each.commands.map(({ command }) => command));
  assert.ok(commands.length > 25, commands.join('\n'));
  const script = commands
    .map((command) => `${command} >/dev/null || echo FAILED: ${command.replaceAll("'", '')}`)
    .join('\n');
  assert.equal(await rig.host.exec('bash', '-c', script), '');
});

test('the address works once, and only by its own name', async () => {
  const address = await invitation();
  assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/open\/[\w-]{32}$/);
  const ask = async (...words: string[]) =>
    (await rig.host.exec('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', ...words)).trim();
  assert.equal(await ask('-H', 'Host: evil.example', address), '403');
  assert.equal(await ask(address), '303');
  assert.equal(await ask(address), '403');
  const listening = await rig.host.exec('ss', '-Hltn', `sport = :${new URL(address).port}`);
  assert.match(listening, /^LISTEN +\d+ +\d+ +127\.0\.0\.1:\d+ /, 'nothing but loopback');
});

describe('in a browser', { skip: noBrowser ?? false }, () => {
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  const tile = (id: string) => page.locator(`[data-id="tile:${id}"]`);

  before(async () => {
    browser = await openBrowser(rig.host);
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(await invitation());
    await tile('app/web').waitFor();
  });

  after(async () => {
    await browser?.close();
  });

  test('tiles, sockets and strangers are there, and one that comes moves nobody', async () => {
    for (const id of ['app/db', 'back/db', 'back/vault', 'app/asleep', 'veth-odd'])
      assert.ok(await tile(id).isVisible(), id);
    assert.equal(await tile('veth-odd').getAttribute('data-owner'), 'other');
    assert.match((await page.locator('.socket').textContent()) ?? '', /8080.*db:80/);
    const places = () =>
      page
        .locator('.tile')
        .evaluateAll((all) =>
          all.map((each) => [each.getAttribute('data-id'), JSON.stringify(each.getBoundingClientRect())]),
        );
    const before = new Map((await places()) as [string, string][]);
    await rig.daemon.docker('run', '-d', '--name', 'late', '--network', 'app', 'busybox', 'sleep', '1000');
    await tile('app/late').waitFor();
    const after = new Map((await places()) as [string, string][]);
    for (const [id, place] of before) assert.equal(after.get(id), place, id);
    await rig.daemon.docker('rm', '-f', 'late');
    await tile('app/late').waitFor({ state: 'detached' });
  });

  test('rates move with the traffic', async () => {
    await tile('app/web')
      .locator('.rates', { hasText: /↓ .*kB\/s.*↑ .*kB\/s/ })
      .waitFor();
    const bar = await tile('app/web')
      .locator('.in')
      .evaluate((element) => element.style.transform);
    assert.notEqual(bar, 'scaleX(0)');
    assert.equal(await tile('app/asleep').locator('.rates').textContent(), '');
  });

  test('two tiles chosen with the mouse are a trace, drawn where the packet went', async () => {
    await tile('app/web').click();
    await page.locator('#panel h2', { hasText: 'web on app' }).waitFor();
    assert.match((await page.locator('#panel code').first().textContent()) ?? '', /^ip -n fl-/);
    await tile('app/db').click();
    await page.locator('.verdict[data-verdict="delivered"]').waitFor();
    assert.equal(await page.locator('#way .leg').count(), 1);
    assert.deepEqual(await page.locator('#way .stop text').allTextContents(), ['1', '2']);
    assert.match((await page.locator('#live').textContent()) ?? '', /delivered/);
    assert.equal(await tile('app/db').getAttribute('aria-pressed'), 'true');
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('#way .leg').count(), 0);
  });

  test('and so are two chosen with the keyboard alone', async () => {
    await page.locator('#search').fill('db');
    await page.keyboard.press('Enter');
    assert.match((await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))) ?? '', /^db on app/);
    await page.keyboard.press('Enter');
    await page.locator('#panel h2', { hasText: 'db on app' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await page.locator('.verdict[data-verdict="delivered"]').waitFor();
    assert.match((await page.locator('#panel h2').textContent()) ?? '', /db → web/);
    await page.keyboard.press('Escape');
  });

  test('from outside, a published port is the way in', async () => {
    await page.locator('[data-id="outside"]').click();
    await page.locator('.socket').click();
    await page.locator('.verdict[data-verdict="delivered"]').waitFor();
    assert.match((await page.locator('#panel h2').textContent()) ?? '', /outside → port 8080/);
    assert.ok((await page.locator('#way .leg').count()) >= 2, 'by the uplink to the container');
    assert.match((await page.locator('.stops').textContent()) ?? '', /192\.0\.2\.2:8080 ⇒ 10\.9\.1\.2:80/);
    await page.keyboard.press('Escape');
  });

  test('a packet that is dropped has its cross, its cause, what to do, and the doctor’s mark', async () => {
    await rig.host.exec('nft', wall);
    try {
      await tile('app/web').click();
      await page.locator('[data-id="outside"]').click();
      await page.locator('.verdict[data-verdict="dropped"]').waitFor();
      assert.equal(await page.locator('#way .death').count(), 1);
      assert.match((await page.locator('#reason').textContent()) ?? '', /wall/);
      assert.ok(await page.locator('#reason').isVisible());
      assert.match((await page.locator('#panel').textContent()) ?? '', /nft 'insert rule ip wall f/);
      await picture('map-light', 1280, 800, 'light');
      await picture('map-dark', 1280, 800, 'dark');
      await page.keyboard.press('Escape');
      await page.locator('.action', { hasText: /^Look/ }).click();
      await page.locator('[data-id="tile:app/web"][data-findings="error"]').waitFor();
      assert.ok((await page.locator('#panel .finding').count()) > 0);
      assert.match((await tile('app/web').getAttribute('aria-label')) ?? '', /finding/);
    } finally {
      await rig.host.exec('nft', 'delete', 'table', 'ip', 'wall');
    }
  });

  test('everything that can be pressed has a name', async () => {
    const names = await buttonNames(page);
    assert.ok(names.length > 10 && names.every((name) => name !== ''), names.join('\n'));
    const tree = await page.locator('#map').ariaSnapshot();
    assert.match(tree, /button "vault on back, 10\.9\.2\.\d+[",]/);
    assert.match(tree, /button "stranger on cni0, of another engine, 172\.30\.9\.2"/);
    assert.match(tree, /button "published port 8080 to db port 80, tcp"/);
  });

  for (const scheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1280, 800],
      [1920, 1080],
      [800, 900],
      [420, 860],
    ] as const) {
      test(`in ${scheme} colours at ${width}×${height} nothing sticks out and everything can be read`, async () => {
        await show(width, height, scheme);
        assert.deepEqual(await overflows(page), []);
        assert.deepEqual(await poorContrasts(page), []);
      });
    }
  }

  test('a hand’s width is enough: all can be reached and chosen, and nothing moves when something is', async () => {
    await show(420, 860, 'light');
    const boxes = async () =>
      Promise.all(['header', '#search', '#map', '#panel', '#networks'].map((each) => page.locator(each).boundingBox()));
    const before = await boxes();
    const [header, search, map, panel, networks] = before;
    assert.ok(header && search && map && panel && networks);
    assert.ok(search.x + search.width <= header.width && search.width > 300, JSON.stringify(search));
    assert.ok(map.y + map.height <= panel.y && map.height > 400, JSON.stringify({ map, panel }));
    assert.ok(networks.width > 350, JSON.stringify(networks));
    await page.locator('.socket').click();
    await page.locator('#panel h2', { hasText: '8080' }).waitFor();
    assert.deepEqual(await boxes(), before);
    await page.keyboard.press('Escape');
    await tile('back/db').click();
    await tile('back/vault').click();
    await page.locator('.verdict').waitFor();
    await page.keyboard.press('Escape');
  });

  test('five hundred containers are on one screen, and their rates cost no layout', async () => {
    const many = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await fakeEvents(many);
    await many.goto(await invitation());
    const view = syntheticView(500);
    await many.evaluate(
      (detail) => {
        dispatchEvent(new CustomEvent('fake-map-event', { detail }));
      },
      { type: 'view', view },
    );
    await many.locator('.tile').nth(499).waitFor();
    const lowest = await many
      .locator('.card')
      .last()
      .evaluate((card) => card.getBoundingClientRect().bottom);
    assert.ok(lowest <= 800 - 32, `${lowest}`);
    assert.deepEqual(await overflows(many), []);
    const ids = view.tiles.map(({ id }) => id);
    const { frames, layouts, styleRecalculations } = await countFrames(many, ids, 30);
    assert.ok(layouts <= frames * 1.1, `${layouts} layouts in ${frames} frames`);
    assert.ok(
      styleRecalculations <= frames * 1.1,
      `${styleRecalculations} recalculations of style in ${frames} frames`,
    );
    if (pictures !== undefined) await many.screenshot({ path: join(pictures, 'map-500.png') });
    await many.close();
  });

  test('nothing went wrong on the page meanwhile', () => assert.deepEqual(faults, []));

  async function show(width: number, height: number, colorScheme: 'light' | 'dark'): Promise<void> {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    // The page draws itself anew in the frame after it has noticed.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  async function picture(name: string, width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    if (pictures === undefined) return;
    await show(width, height, scheme);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  }
});

function syntheticView(count: number): MapView {
  const networks = ['shop', 'billing', 'search', 'mail', 'batch'];
  return {
    schema: 'fairlead.map/1',
    host: { name: 'box', uplinks: [] },
    networks: networks.map((name) => ({
      id: `network:${name}`,
      name,
      owner: 'fairlead',
      driver: 'bridge',
      interface: `br-${name}`,
      up: true,
      subnets: ['10.9.0.0/16'],
      traits: [],
    })),
    tiles: Array.from({ length: count }, (_, index) => {
      const network = networks[index % networks.length] ?? '';
      const name = `${network}-<b>${index}</b>`;
      return {
        id: `tile:${network}/${name}`,
        name,
        network: `network:${network}`,
        owner: 'fairlead' as const,
        state: 'running' as const,
        addresses: [`10.9.${index >> 8}.${index & 255}`],
        connected: true,
        device: `veth${index}`,
      };
    }),
    ports: [],
    findings: [],
    examined: 1,
  };
}
