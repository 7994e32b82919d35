import { connect } from 'node:net';

/**
 * A CNI plugin that asks the engine: buildkitd starts it for every network of a step, by `programs/network`. It speaks
 * with the engine alone and knows nothing, so that it starts in no time.
 */
const { CNI_COMMAND: command, CNI_CONTAINERID: id, CNI_NETNS: path, FAIRLEAD_STEPS: engine = '' } = process.env;
const socket = connect(engine);
const fail = (msg: string) => {
  process.stdout.write(JSON.stringify({ cniVersion: '0.4.0', code: 11, msg }));
  process.exitCode = 1;
};
socket.on('error', () => {});
socket.end(JSON.stringify({ command, id, path }));
const answer = (await socket.toArray().catch(() => [])).join('');
if (answer === '') fail('the engine does not answer');
else {
  process.stdout.write(answer);
  if ('code' in JSON.parse(answer)) process.exitCode = 1;
}
