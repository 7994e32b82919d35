import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from './digest.ts';
import { chooseManifest, mediaTypes, parseManifest } from './manifest.ts';
import { parsePlatform, platformDistance, platformText } from './platform.ts';

const blob = (mediaType: string) => ({ mediaType, digest: digestOf(mediaType), size: 7 });
const parse = (document: unknown, mediaType = '') =>
  parseManifest(Buffer.from(JSON.stringify(document)), mediaType, 'app');

describe('parseManifest', () => {
  it('goes by the document, by what the server says, and by the shape, in this order', () => {
    const image = { config: blob(mediaTypes.ociConfig), layers: [blob(mediaTypes.ociLayer)] };
    const typed = { ...image, mediaType: mediaTypes.dockerManifest };
    assert.equal(parse(typed, 'text/plain').mediaType, mediaTypes.dockerManifest);
    assert.equal(parse(image, `${mediaTypes.dockerManifest}; charset=utf-8`).mediaType, mediaTypes.dockerManifest);
    assert.equal(parse(image, 'application/json').mediaType, mediaTypes.ociManifest);
    assert.equal(parse({ manifests: [] }, 'application/json').mediaType, mediaTypes.ociIndex);
  });

  const faults: [document: unknown, code: string, message: RegExp][] = [
    [[], 'invalid-argument', /^invalid manifest for app: not a JSON object$/],
    [{}, 'invalid-argument', /^unsupported media type unknown of app$/],
    [{ schemaVersion: 1 }, 'not-implemented', /schema 1 support has been removed/],
    [{ config: {}, layers: [] }, 'invalid-argument', /a descriptor has no digest or size/],
    [{ config: blob('application/vnd.cncf.helm.config.v1+json'), layers: [] }, 'invalid-argument', /helm.* of app$/],
    [{ manifests: [{ digest: 'sha256:zz', size: 1 }] }, 'invalid-argument', /invalid checksum digest/],
  ];
  for (const [document, code, message] of faults) {
    it(`refuses ${JSON.stringify(document).slice(0, 60)}`, () => {
      assert.throws(() => parse(document), { code, message });
    });
  }
});

describe('chooseManifest', () => {
  const index = (...platforms: (string | undefined)[]) => ({
    kind: 'index' as const,
    mediaType: mediaTypes.ociIndex,
    manifests: platforms.map((text) => {
      const [os = '', architecture = '', variant] = text?.split('/') ?? [];
      return { ...blob(text ?? 'none'), ...(text !== undefined && { platform: { os, architecture, variant } }) };
    }),
  });
  const table: [wanted: string, offered: (string | undefined)[], chosen: string | undefined][] = [
    ['linux/amd64', ['linux/arm64', 'linux/amd64', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', ['windows/amd64'], undefined],
    ['linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
    ['linux/amd64', ['linux/amd64/v3'], undefined],
    ['linux/amd64/v3', ['linux/amd64', 'linux/amd64/v2'], 'linux/amd64/v2'],
    ['linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6', 'linux/arm64/v8'], 'linux/arm/v6'],
    ['linux/arm64', ['linux/arm64/v8'], 'linux/arm64/v8'],
    ['linux/amd64', [undefined], 'none'],
    ['linux/amd64', [undefined, undefined], undefined],
    ['linux/amd64', ['unknown/unknown'], undefined],
  ];
  for (const [wanted, offered, chosen] of table) {
    it(`gives ${chosen} for ${wanted} out of ${offered}`, () => {
      const choose = () => chooseManifest(index(...offered), parsePlatform(wanted)).mediaType;
      if (chosen !== undefined) assert.equal(choose(), chosen);
      else assert.throws(choose, { code: 'not-found', message: /^no matching manifest for linux\// });
    });
  }
});

describe('platforms', () => {
  const table: [text: string, canonical: string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/armhf', 'linux/arm/v7'],
    ['Linux/ARM/v6', 'linux/arm/v6'],
  ];
  for (const [text, canonical] of table) {
    it(`reads ${text} as ${canonical}`, () => assert.equal(platformText(parsePlatform(text)), canonical));
  }

  it('refuses what is none', () => {
    for (const text of ['', 'a/b/c/d', 'linux/', 'lin ux']) {
      assert.throws(() => parsePlatform(text), { code: 'invalid-argument' });
    }
  });

  it('says how far apart two are', () => {
    const distance = (a: string, b: string) => platformDistance(parsePlatform(a), parsePlatform(b));
    assert.equal(distance('linux/amd64', 'linux/amd64/v1'), 0);
    assert.equal(distance('linux/amd64/v3', 'linux/amd64'), 2);
    assert.equal(distance('linux/amd64', 'linux/386'), undefined);
  });
});
