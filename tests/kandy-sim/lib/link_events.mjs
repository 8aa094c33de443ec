/** What Kandy Link tells a client over its WebSocket (kandy.md 4.4). */
import { randomUUID } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** The keys of an SDP in sessionParams, in the form that is wanted. */
function describe({ cloud, behaviour }, sdp) {
    if (!sdp) return {};
    if (behaviour.sdpFormat === 'compressed') return { sdp: deflateSync(Buffer.from(sdp)).toString('base64'), sdpFormat: 'compressed' };
    if (behaviour.sdpFormat === 'plain') return { sdp };
    const path = `/rest/version/1/eventdata/${randomUUID()}`;
    cloud.descriptions.set(path, sdp);
    return { sdp: path, sdpFormat: 'url' };
}

/** @param {string} eventType @param {object} more */
export const makeEvent = (eventType, more = {}) => ({
    notificationMessage: { eventType, eventId: randomUUID(), time: Date.now(), ...more },
});

function tell(call, eventType, session = {}, more = {}) {
    const message = makeEvent(eventType, { sessionParams: { sessionData: call.id, ...session }, ...more });
    return call.cloud.notify(call, `event:${eventType}`, message);
}
const domainOf = (user) => user.split('@')[1] ?? 'kandy.test';
const remote = (call) => ({
    callNotificationParams: {
        remoteName: call.name || call.to,
        remoteDisplayNumber: `${call.direction === 'in' ? call.from : call.to}@${domainOf(call.user)}`,
    },
});

export const events = {
    trying: (call) => tell(call, 'trying'),
    ringing: (call) => tell(call, 'ringing', {}, remote(call)),
    early: (call, sdp) => tell(call, 'sessionProgress', describe(call, sdp), remote(call)),
    answered: (call, sdp) => tell(call, 'respondCallUpdate', describe(call, sdp), remote(call)),
    incoming(call, sdp) {
        const domain = domainOf(call.user);
        const callNotificationParams = {
            callerDisplayNumber: `${call.from}@${domain}`,
            callerName: call.name || call.from,
            calleeDisplayNumber: call.to ? `${call.to}@${domain}` : call.user,
            primaryContact: call.user,
        };
        const custom = call.customParameters?.length ? { customParameters: call.customParameters } : {};
        return tell(
            call,
            'call',
            { ...describe(call, sdp), actions: ['answer', 'reject', 'forward'] },
            { callNotificationParams, ...custom },
        );
    },
    /** An offer of ours; without SDP the client makes one. */
    reoffer: (call, sdp) => tell(call, 'startCallUpdate', describe(call, sdp), remote(call)),
    updated: (call, sdp) => tell(call, 'respondCallUpdate', describe(call, sdp)),
    glare: (call, retryAfter) => tell(call, 'respondCallUpdate', { retryAfter }, { statusCode: 49 }),
    ended(call) {
        const { status, reason } = call.end;
        return tell(call, 'callEnd', { ...(status ? { statusCode: status } : {}), ...(reason ? { reasonText: reason } : {}) });
    },
    cancelled: (call) => tell(call, 'callCancel'),
    transferred: (call, isDone) =>
        tell(call, isDone ? 'sessionComplete' : 'sessionFail', isDone ? {} : { statusCode: 404, reasonText: 'Not Found' }),
};

/** The same event, refused for glare; what belongs to no call stays as it is. */
export function asGlare(message, retryAfter) {
    const { sessionParams, ...event } = message.notificationMessage ?? {};
    if (!sessionParams) return message;
    const { sdp, sdpFormat, ...session } = sessionParams;
    return { notificationMessage: { ...event, statusCode: 49, sessionParams: { ...session, retryAfter } } };
}
