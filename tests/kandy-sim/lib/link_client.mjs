/** The client's side of link for tests: subscribe, connect, every request of a call. */
import assert from 'node:assert/strict';
import { sleep } from '../../interop/lib/process.mjs';
import { makeClient, OFFER } from './test_client.mjs';

export const USER = 'u@test.local';
export const BASE = `/rest/version/1/user/${USER}`;
export const HEADERS = { Accept: 'application/json', 'Content-Type': 'application/json' };
export const REQUEST = {
    expires: 3600,
    service: ['call', 'IM', 'Presence', 'MWI'],
    localization: 'English_US',
    useTurn: true,
    notificationType: 'WebSocket',
    supported: ['RingingFeedback'],
    forceLogOut: 'false',
};
export const basic = (name = USER, password = 'secret') => ({
    ...HEADERS,
    Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

/** @param {any} sim  of startSim(), with the account u@test.local:secret */
export function makeLinkClient(sim) {
    const client = makeClient(sim);
    const ask = (method, path, body, headers = basic()) => client.ask(method, path, body, headers);
    const subscribe = (change = {}, headers = basic()) =>
        ask('POST', `${BASE}/subscription`, { subscribeRequest: { ...REQUEST, ...change } }, headers);
    const control = (method, path, request) => ask(method, `${BASE}/callControl${path}`, request && { callControlRequest: request });
    return {
        ...client,
        ask,
        subscribe,
        control,
        /** A request to a call's session. */
        put: (id, request) => control('PUT', `/callSessions/${id}`, request),
        end: (id) => control('DELETE', `/callSessions/${id}`),
        /** Subscribed and connected. */
        async start() {
            const { subscription, subscriptionParams } = (await subscribe()).json.subscribeResponse;
            const channel = subscriptionParams.notificationChannel;
            return { subscription, channel, socket: await client.connect(channel) };
        },
        /** A call; its sessionData. */
        async make(sdp = OFFER, to = '971501234567') {
            const request = { type: 'callStart', from: `sip:${USER}`, to: `sip:${to}@test.local`, sdp, supported: ['earlymedia'] };
            const { status, json } = await control('POST', '', request);
            assert.equal(status, 200, JSON.stringify(json));
            return json.callControlResponse.sessionData;
        },
        /** Nobody is subscribed, nothing rings, nothing is recorded from before. */
        async reset() {
            await sim.post('/reset');
            await sim.post('/expire', {}).catch(() => {});
            for (const id of (await sim.get('/state')).calls) await sim.post(`/calls/${id}/hangup`);
            await sleep(20);
            await sim.delete('/requests');
        },
    };
}
