/** Media through coturn: TURN over TLS, with the credentials that each dialect hands out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { makeLinkClient, USER } from './lib/link_client.mjs';
import { startSim } from './lib/start.mjs';
import { makeMedia, waitHeard } from './lib/test_client.mjs';

let sim;
let client;
before(async () => {
    sim = await startSim({ accounts: [`${USER}:secret`], coturn: true, relay: true });
    client = makeLinkClient(sim);
});
after(() => sim.stop());

/** turns:127.0.0.1:5349?transport=tcp */
function relayOf(url, username, password) {
    const [, host, port] = /^turns:([^:]+):(\d+)\?transport=tcp$/.exec(url);
    return { host, port: Number(port), username, password, caFile: sim.ready.ca };
}

test('coturn shows a certificate of our authority', async () => {
    const { host, port } = relayOf(sim.ready.ice_servers[0], '', '');
    const socket = connect({ host, port, ca: readFileSync(sim.ready.ca) });
    await new Promise((done, failed) => socket.once('secureConnect', done).once('error', failed));
    assert.ok(socket.authorized);
    socket.destroy();
});

test('seed: servers and credentials by call.getIceServers, a call relayed at both ends', async () => {
    const body = { username: USER, password: 'secret', service: ['call'] };
    const { json } = await client.ask('POST', '/v2.0/subscription', body, { 'Content-Type': 'application/json' });
    const socket = await client.connect(`/?subscriptionId=${encodeURIComponent(json.subscriptionId)}`);
    socket.send({ type: 'request', method: 'call.getIceServers', id: 'req_1' });
    const { iceServers } = (await socket.next('the servers', (m) => m.method === 'call.getIceServers')).result;
    assert.deepEqual(
        iceServers.map((server) => server.urls),
        sim.ready.ice_servers,
    );
    const { username, credential } = iceServers[0];
    const media = makeMedia({ relay: relayOf(iceServers[0].urls, username, credential) });
    const sdp = await media.offer();
    assert.match(sdp, /typ relay/);
    assert.doesNotMatch(sdp, /typ host/);
    socket.send({
        type: 'request',
        method: 'call.make',
        id: 'req_2',
        params: { callId: 'c1', destination: '971501234567', sdp, mediaType: 'audio' },
    });
    const answer = (await socket.next('the answer', (m) => m.result?.sdp)).result.sdp;
    assert.match(answer, /typ relay/);
    assert.doesNotMatch(answer, /typ host/);
    await media.accept(answer);
    await waitHeard(media, 1000);
    const there = await sim.waitTone('c1', 440);
    assert.equal(there.pair.local, 'relay');
    await media.close();
});

test('link: credentials with the subscription, and only if they are asked for', async () => {
    const paramsOf = async (useTurn) => (await client.subscribe({ useTurn })).json.subscribeResponse.subscriptionParams;
    assert.deepEqual((await paramsOf(true)).turnCredentials, sim.ready.turn);
    assert.equal((await paramsOf(false)).turnCredentials, undefined);
});
