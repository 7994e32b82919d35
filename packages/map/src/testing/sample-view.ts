import type { NetworkView, PortView, TileView } from '../model/map-view.ts';

/** A container that runs on {@link sampleNetwork}. */
export const sampleTile: TileView = {
  id: 'tile:app/web',
  name: 'web',
  network: 'network:app',
  owner: 'fairlead',
  state: 'running',
  addresses: ['10.9.1.2', 'fd00::2'],
  connected: true,
  interface: 'eth0',
  device: 'veth1',
  namespace: 'fl-web',
};

/** A port of {@link sampleTile}. */
export const samplePort: PortView = {
  id: 'port:1',
  container: 'web',
  protocol: 'tcp',
  address: '0.0.0.0',
  ports: '8080',
  containerPorts: '80',
  open: true,
};

/** A bridge network. */
export const sampleNetwork: NetworkView = {
  id: 'network:app',
  name: 'app',
  owner: 'fairlead',
  driver: 'bridge',
  interface: 'br-app',
  up: true,
  subnets: ['10.9.1.0/24'],
  traits: [],
};
