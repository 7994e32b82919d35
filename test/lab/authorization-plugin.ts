import { servePlugin } from './plugin-server.ts';

/**
 * A plugin that judges requests and answers, for both sides of a comparison: it allows everything unless `answers.json` says
 * otherwise, and refuses what names `forbidden`. To be run with `node authorization-plugin.ts SOCKET FOLDER`.
 */

const [socket = '', folder = ''] = process.argv.slice(2);

servePlugin(socket, folder, {
  'Plugin.Activate': () => ({ Implements: ['authz'] }),
  'AuthZPlugin.AuthZReq': ({ RequestUri, RequestBody }) => {
    const body = Buffer.from(String(RequestBody ?? ''), 'base64').toString();
    return `${RequestUri} ${body}`.includes('forbidden') ? { Allow: false, Msg: 'not that' } : { Allow: true };
  },
  'AuthZPlugin.AuthZRes': ({ ResponseBody }) => {
    const body = Buffer.from(String(ResponseBody ?? ''), 'base64').toString();
    return body.includes('"secret"') ? { Allow: false, Msg: 'nobody may see this' } : { Allow: true };
  },
});
