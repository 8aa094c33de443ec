/** A page that behaves as the original bridge's client does (and nothing more): served by a web server of its
 * own, as there, so that its Origin has another port than the socket. Written from its described behaviour. */
import { createServer } from 'node:http';
import { atEnd } from './process.mjs';

const PAGE = `<!doctype html><title>reference</title>
<div id="status">Disconnected</div><button id="callBtn" disabled>Start Call</button>
<button id="hangupBtn" disabled>Hang Up</button><audio id="remoteAudio" autoplay></audio><div id="logs"></div>
<script>
const el = (id) => document.getElementById(id);
const seen = (window.seen = []);
let socket, peer, stream;
const status = (text) => (el('status').textContent = text);
const send = (message) => socket.send(JSON.stringify(message));
function cleanup() {
  if (peer) peer.close();
  if (stream) stream.getTracks().forEach((track) => track.stop());
  peer = stream = null;
  el('hangupBtn').disabled = true;
  el('callBtn').disabled = false;
  status('Connected - Ready to call');
}
function connect() {
  status('Connecting...');
  socket = new WebSocket('ws://' + location.hostname + ':PORT'); // the path is /
  socket.onopen = () => { el('callBtn').disabled = false; status('Connected - Ready to call'); };
  socket.onclose = () => { el('callBtn').disabled = true; status('Disconnected'); };
  socket.onmessage = async ({ data }) => {
    const message = JSON.parse(data);
    seen.push(message);
    if (message.type === 'answer') await peer.setRemoteDescription({ type: 'answer', sdp: message.sdp });
    else if (message.type === 'ice-candidate') await peer.addIceCandidate(message.candidate);
    else if (message.type === 'hangup') cleanup();
    else if (message.type === 'error') { cleanup(); alert(message.message); }
  };
}
el('callBtn').onclick = async () => {
  el('callBtn').disabled = true;
  status('Setting up call...');
  stream = await navigator.mediaDevices.getUserMedia({ audio: GUM, video: false });
  peer = new RTCPeerConnection({ iceServers: [] });
  stream.getTracks().forEach((track) => peer.addTrack(track, stream));
  peer.ontrack = ({ streams }) => { el('remoteAudio').srcObject = streams[0]; };
  peer.onicecandidate = ({ candidate }) => candidate && send({ type: 'ice-candidate', candidate });
  peer.onconnectionstatechange = () => {
    if (peer && peer.connectionState === 'connected') { status('Call Active'); el('hangupBtn').disabled = false; }
    else if (peer && peer.connectionState === 'failed') status('Connection Error');
  };
  const offer = await peer.createOffer({ offerToReceiveAudio: true, offerToReceiveVideo: false });
  await peer.setLocalDescription(offer);
  window.offered = offer.sdp;
  send({ type: 'offer', sdp: offer.sdp }); // at once: the candidates trickle
};
el('hangupBtn').onclick = () => { send({ type: 'hangup' }); cleanup(); };
connect();
</script>`;

/** @param {string} signallingPort @returns {Promise<string>} its address */
export async function serveReferencePage(signallingPort) {
    const gum = '{ echoCancellation: false, noiseSuppression: false, autoGainControl: false }';
    const body = PAGE.replace('PORT', signallingPort).replace('GUM', gum);
    const server = createServer((request, response) => response.setHeader('Content-Type', 'text/html').end(body));
    await new Promise((done) => server.listen(0, '127.0.0.1', () => done(null)));
    atEnd(async () => server.close());
    return `http://127.0.0.1:${/** @type {any} */ (server.address()).port}/`;
}
