/** callControl and calldisposition of Kandy Link (kandy.md 4.5). */
import { randomBytes } from 'node:crypto';
import { FarCall } from './far_call.mjs';
import { Refusal } from './faults.mjs';
import { checkSdp } from './sdp.mjs';

const GLARE_RETRY_MS = 500;
/** sip:user@domain, or Name<sip:user@domain>. */
const ADDRESS = /^(?:[^<>]*<(?=.*>$))?sip:([^@<>\s]+)@[A-Za-z0-9.-]+>?$/;
const NUMBER = /^[+*#]*[0-9*#]+$/;
/** What each request may hold beside its type. */
const KEYS = {
    __proto__: null,
    callStart: ['from', 'to', 'sdp', 'supported', 'customParameters', 'customBodies'],
    join: ['firstSessionData', 'secondSessionData', 'sdp'],
    ringing: [],
    callAnswer: ['sdp'],
    startCallUpdate: ['sdp'],
    respondCallUpdate: ['sdp'],
    sendCustomHeaders: ['customParameters'],
    transfer: ['address', 'sessionData'],
    audit: [],
};
const STATES = { trying: 'INITIATED', ringing: 'RINGING', early: 'RINGING', connected: 'ANSWERED', held: 'ON_HOLD' };
const done = (more = {}, status = 200) => ({ status, json: { callControlResponse: { statusCode: 0, ...more } } });

function checkBody(body) {
    const allowed = KEYS[body.type];
    if (!allowed) throw new Refusal(400, 5, `unknown type ${body.type}`);
    const extra = Object.keys(body).filter((key) => key !== 'type' && !allowed.includes(key));
    if (extra.length) throw new Refusal(400, 5, `${extra[0]} does not belong into ${body.type}`);
    if (allowed.includes('sdp') && typeof body.sdp !== 'string') throw new Refusal(400, 5, 'sdp is missing');
}
/** The user part of an address: sip: and the domain are there, separators are not. */
function userOf(address, key) {
    const [, user] = ADDRESS.exec(address ?? '') ?? [];
    if (!user) throw new Refusal(400, 37, `${key} ${address} is not sip:number@domain`);
    if (/^[-+*#0-9.()]+$/.test(user) && !NUMBER.test(user)) throw new Refusal(400, 37, `${key} ${address} holds separators`);
    return user;
}
function findCall(ctx, id, statusCode = 42) {
    const call = ctx.cloud.calls.get(id ?? decodeURIComponent(ctx.params.session));
    if (!call || !call.isLive || call.user !== ctx.account.user) throw new Refusal(404, statusCode, 'No such call');
    return call;
}

/** POST callStart. */
export function make(ctx, body) {
    checkBody(body);
    const { cloud, account } = ctx;
    const from = userOf(body.from, 'from');
    const to = userOf(body.to, 'to');
    if (from !== account.user.split('@')[0]) throw new Refusal(400, 37, `from ${body.from} is not ${account.user}`);
    const { supported, customParameters = [] } = body;
    if (supported !== undefined && (!Array.isArray(supported) || supported.length === 0))
        throw new Refusal(400, 5, 'supported is left out when it is empty');
    const behaviour = cloud.behaviourOf(to);
    const [wrong] = checkSdp(body.sdp, true, { strictCodecs: behaviour.codecsStrict });
    if (wrong) throw new Refusal(400, 37, wrong);
    const canEarly = !!supported?.includes('earlymedia');
    const id = `S${randomBytes(8).toString('hex')}`;
    const call = new FarCall(cloud, {
        id,
        direction: 'out',
        user: account.user,
        protocol: 'link',
        from,
        to,
        behaviour,
        canEarly,
        customParameters,
    });
    const answer = done({ sessionData: id }, behaviour.responseStatus);
    if (behaviour.eventsFirst) {
        call.begin(body.sdp);
        return new Promise((ready) => setTimeout(() => ready(answer), 50));
    }
    ctx.after(() => call.begin(body.sdp));
    return answer;
}

/** Two calls become one session, with its own media; they end when it stands. */
export async function join(ctx, body) {
    checkBody(body);
    const { cloud, account } = ctx;
    const both = [findCall(ctx, body.firstSessionData), findCall(ctx, body.secondSessionData)];
    const behaviour = { ...cloud.behaviour, ring: null, answer: 0, reject: null, hangup: null };
    const id = `S${randomBytes(8).toString('hex')}`;
    const call = new FarCall(cloud, {
        id,
        direction: 'out',
        user: account.user,
        protocol: 'link',
        from: both[0].to,
        to: both[1].to,
        behaviour,
    });
    call.check(body.sdp, true);
    ctx.after(() => {
        call.begin(body.sdp);
        both.forEach((part) => part.events.transferred(part, true));
    });
    return done({ sessionData: id }, behaviour.responseStatus);
}

/** What a PUT to a session does, by its type. Their result is sent as an event after the answer. */
const SESSION = {
    __proto__: null,
    ringing(call) {
        if (call.direction !== 'in' || call.isAnswered) throw new Refusal(400, 1004, 'this call does not ring');
        call.state = 'ringing';
    },
    async callAnswer(call, { sdp }) {
        const answer = await call.accept(sdp);
        return () => {
            if (answer) call.events.updated(call, answer);
            if (call.behaviour.echoCancel) call.events.cancelled(call);
        };
    },
    async startCallUpdate(call, { sdp }) {
        if (call.pending) return () => call.events.glare(call, GLARE_RETRY_MS);
        const answer = await call.update(sdp);
        return () => call.events.updated(call, answer);
    },
    async respondCallUpdate(call, { sdp }) {
        const answer = await call.respond(sdp);
        return answer && (() => call.events.updated(call, answer));
    },
    sendCustomHeaders(call, { customParameters }) {
        if (!Array.isArray(customParameters)) throw new Refusal(400, 5, 'customParameters is a list');
        call.headers.push(...customParameters);
    },
    transfer(call, { address, sessionData }, ctx) {
        if (!call.isAnswered) throw new Refusal(400, 1004, 'this call is not answered yet');
        const other = sessionData === undefined ? null : findCall(ctx, sessionData);
        call.transferred = { to: userOf(address, 'address'), ...(other ? { sessionData } : {}) };
        const isDone = call.behaviour.transferResult === 'complete';
        return () => call.events.transferred(call, isDone);
    },
    audit(call) {
        call.audits++;
    },
};

export async function onSession(ctx, body) {
    checkBody(body);
    const call = findCall(ctx);
    try {
        const after = await SESSION[body.type](call, body, ctx);
        if (after) ctx.after(after);
    } catch (error) {
        if (error instanceof Refusal) throw error;
        throw new Refusal(400, 37, error.message);
    }
    return done();
}

export function stateOf(ctx) {
    const call = findCall(ctx, undefined, 47);
    return done({ state: STATES[call.state], sessionData: call.id });
}

export function endCall(ctx) {
    findCall(ctx).finish('client');
    return done();
}

/** POST calldisposition: an incoming call is rejected or forwarded. */
export function dispositionOf(ctx, body) {
    const { action, sessionData, address, ...extra } = body;
    const isForward = action === 'forward';
    if (!['reject', 'forward'].includes(action) || typeof sessionData !== 'string' || Object.keys(extra).length)
        throw new Refusal(400, 5, 'action is reject or forward, with sessionData');
    const call = findCall(ctx, sessionData);
    if (call.direction !== 'in' || call.isAnswered) throw new Refusal(400, 1004, 'this call is not to be disposed of');
    if (isForward) call.transferred = { to: userOf(address, 'address') };
    call.finish('client', undefined, isForward ? 'forwarded' : 'rejected');
    return { status: 200, json: { callDispositionResponse: { statusCode: 0 } } };
}
