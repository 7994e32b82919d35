/** Asks several ports of an address by one UDP socket, each after the answer of the one before. */
export const oneSocket = `
const [address, ...ports] = process.argv.slice(1);
const socket = require('dgram').createSocket('udp4');
const next = () => ports.length > 0 ? socket.send('hello', Number(ports.shift()), address) : socket.close();
socket.on('message', (answer) => { process.stdout.write(answer); next(); });
setTimeout(() => process.exit(), 2000).unref();
next();`;
