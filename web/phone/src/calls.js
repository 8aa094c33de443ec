/** Calls: each is one JsSIP session and one row of the state. One is active; the others wait on hold. */
import { causeOf, microphoneCause } from './causes.js';
import { addHistory } from './people.js';
import { callOptions, hasLine, numberOf, startSession, targetOf } from './line.js';
import { keepRecording } from './keep.js';
import { watchQuality } from './quality.js';
import { openMicrophone, playKey, playStream, routeTo, startRecorder } from './sound.js';
import { findCall, getState, patchCall, setState, showToast } from './store.js';
import { nameOf } from './people.js';
import { t } from './i18n.js';

const ENDED_SHOWN_MS = 2500;
const GATHER_MS = 500;

/** What belongs to a call and cannot be drawn: session, streams, recorder. @type {Map<string, any>} */
const parts = new Map();

/** Who wants to know of each change: the page around the phone. @type {(call: any) => void} */
let report = () => {};
export const onCallChange = (/** @type {(call: any) => void} */ hear) => (report = hear);

let nextId = 1;
const isLive = (/** @type {any} */ call) => call.state !== 'ended';
export const liveCalls = () => getState().calls.filter(isLive);

/** @param {string} id @param {object} patch */
function change(id, patch) {
    patchCall(id, patch);
    const call = findCall(id);
    if (call) report(call);
}

/** @param {'in' | 'out'} direction @param {string} number @param {string} name @param {object} more */
function addCall(direction, number, name, more = {}) {
    const id = `c${Date.now().toString(36)}${nextId++}`;
    const state = direction === 'in' ? 'incoming' : 'calling';
    const call = { id, direction, number, name: nameOf(number) || name, state, startedAt: Date.now(), ...more };
    parts.set(id, { streams: [], recordings: [] });
    setState({ calls: [...getState().calls, call] });
    report(call);
    return id;
}

/** What all sessions have in common. @param {string} id @param {any} session */
function follow(id, session) {
    const part = parts.get(id);
    part.session = session;
    const withPeer = (/** @type {RTCPeerConnection} */ peer) => {
        part.peer = peer;
        peer.addEventListener('track', (event) => {
            if (part.remote?.getTracks()[0] === event.track) return;
            part.remote = new MediaStream([event.track]); // the browser empties its own stream while we hold
            part.element ??= playStream(part.remote);
            part.element.srcObject = part.remote;
            change(id, {}); // there is something to measure
        });
    };
    if (session.connection) withPeer(session.connection);
    session.on('peerconnection', (/** @type {any} */ event) => withPeer(event.peerconnection));
    session.on('icecandidate', (/** @type {any} */ event) => {
        part.gathering ??= setTimeout(() => ((part.gathering = undefined), event.ready()), GATHER_MS);
    });
    session.on('progress', (/** @type {any} */ event) => {
        if (event.originator === 'remote') change(id, { state: 'ringing', earlyMedia: !!event.response?.body });
    });
    session.on('accepted', () => onAccepted(id));
    session.on('hold', (/** @type {any} */ event) => change(id, event.originator === 'local' ? { held: true } : { heldByFar: true }));
    session.on('unhold', (/** @type {any} */ event) => change(id, event.originator === 'local' ? { held: false } : { heldByFar: false }));
    session.on('ended', (/** @type {any} */ event) => onEnded(id, causeOf({ ...event, cause: event.cause }), event.originator));
    session.on('failed', (/** @type {any} */ event) => onEnded(id, causeOf(event), event.originator));
    session.on('newDTMF', (/** @type {any} */ event) => event.originator === 'remote' && playKey(event.dtmf.tone));
    session.on('refer', (/** @type {any} */ event) => followReferral(id, event));
}

/** The far end asks us to call someone else instead. @param {string} id @param {any} event */
function followReferral(id, event) {
    const target = event.request.refer_to?.uri;
    if (!target) return event.reject();
    event.accept((/** @type {any} */ session) => {
        const other = addCall('out', numberOf({ uri: target }), '', {});
        follow(other, session);
        setState({ activeId: other });
    }, callOptions());
}

/** @param {string} id */
function onAccepted(id) {
    const part = parts.get(id);
    change(id, { state: 'up', answeredAt: Date.now() });
    if (!part) return;
    part.stopQuality = watchQuality(part.session.connection, (quality) => findCall(id) && patchCall(id, { quality }));
    const { settings, options, account } = getState();
    const wants = settings.recordAll || account?.provisioning?.RecordAllCalls === true;
    if (wants && options.EnableCallRecording) setTimeout(() => toggleRecording(id), 300);
}

/** @param {string} id @param {string} cause @param {string} [originator] */
async function onEnded(id, cause, originator) {
    const part = parts.get(id);
    const call = findCall(id);
    if (!part || !call || call.state === 'ended') return;
    parts.delete(id);
    clearTimeout(part.gathering);
    part.stopQuality?.();
    part.streams.forEach((/** @type {MediaStream} */ stream) => stream.getTracks().forEach((track) => track.stop()));
    if (part.element) part.element.srcObject = null;
    const isMissed = call.direction === 'in' && !call.answeredAt && originator !== 'local';
    const shown = isMissed ? 'causeMissed' : call.answeredAt && cause === 'causeCancelled' ? 'causeEnded' : cause;
    change(id, { state: 'ended', endedAt: Date.now(), cause: shown, held: false });
    await stopRecording(id, part);
    addHistory({ ...call, endedAt: Date.now(), cause: shown, isMissed, recordings: part.recordings });
    if (getState().activeId === id) activate(liveCalls().find((/** @type {any} */ other) => other.state !== 'incoming')?.id ?? id, false);
    setTimeout(() => {
        const calls = getState().calls.filter((/** @type {any} */ other) => other.id !== id);
        setState({ calls, activeId: getState().activeId === id ? (calls[0]?.id ?? null) : getState().activeId });
    }, ENDED_SHOWN_MS);
}

/** Show that call; with `resume` the others go on hold and it comes back. @param {string} id */
export function activate(id, resume = true) {
    setState({ activeId: id });
    if (!resume) return;
    for (const call of liveCalls()) if (call.id !== id && call.state === 'up' && !call.held) setHold(call.id, true);
    if (findCall(id)?.held) setHold(id, false);
}

/**
 * Call someone. Resolves to the call's id, or null when there was nothing to call with.
 * @param {string} text @param {{consultFor?: string}} [more] @returns {Promise<string | null>}
 */
export async function dial(text, more = {}) {
    const typed = text.trim();
    if (!typed) return null;
    if (!hasLine()) {
        showToast(t('notConnected'), 'bad');
        return null;
    }
    for (const call of liveCalls()) if (call.state === 'up' && !call.held) setHold(call.id, true);
    const id = addCall('out', typed, '', more);
    setState({ activeId: id, dialled: '', tab: getState().tab === 'settings' ? 'keypad' : getState().tab, lastDialled: typed });
    try {
        const stream = await openMicrophone();
        const part = parts.get(id);
        if (!part) {
            stream.getTracks().forEach((track) => track.stop()); // hung up while the browser asked
            return id;
        }
        part.streams.push(stream);
        follow(id, startSession(targetOf(typed), { mediaStream: stream, ...callOptions() }));
        // JsSIP opens its connection inside call(), before anyone can listen
    } catch (error) {
        onEnded(id, /** @type {any} */ (error).name === 'TypeError' ? 'causeUnknown' : microphoneCause(error));
    }
    return id;
}

/** A session that came in. @param {any} session */
export function receive(session) {
    const { settings } = getState();
    const isBusy = liveCalls().length > 0;
    const number = numberOf(session.remote_identity);
    if (settings.doNotDisturb || (isBusy && !settings.callWaiting)) {
        session.terminate({ status_code: 486, reason_phrase: 'Busy Here' });
        addHistory({ id: `c${Date.now().toString(36)}${nextId++}`, direction: 'in', number, name: nameOf(number), startedAt: Date.now(), isMissed: true, cause: 'causeMissed' });
        return;
    }
    const id = addCall('in', number, session.remote_identity?.display_name ?? '');
    follow(id, session);
    if (!isBusy) setState({ activeId: id });
    notify(id);
    if (settings.autoAnswer && !isBusy) setTimeout(() => findCall(id)?.state === 'incoming' && answer(id), 800);
}

/** A window that is not seen says so. @param {string} id */
function notify(id) {
    if (!getState().settings.notifications || document.visibilityState === 'visible' || globalThis.Notification?.permission !== 'granted') return;
    const call = findCall(id);
    const show = async () => {
        const worker = await navigator.serviceWorker?.getRegistration();
        const options = { body: call?.name ? call.number : '', tag: id, requireInteraction: true, icon: '/phone/icon-192.png' };
        if (worker) await worker.showNotification(t('incomingFrom', { who: call?.name || call?.number }), options);
    };
    show().catch(() => {});
}

/** @param {string} id */
export async function answer(id) {
    const part = parts.get(id);
    if (!part || part.answering) return;
    part.answering = true;
    activate(id);
    try {
        const stream = await openMicrophone();
        if (!parts.has(id)) return stream.getTracks().forEach((track) => track.stop());
        part.streams.push(stream);
        part.session.answer({ mediaStream: stream, ...callOptions() });
    } catch (error) {
        part.answering = false; // the call rings on: the microphone may be allowed now
        showToast(t(microphoneCause(error)), 'bad');
    }
}

/** Hang up, give up or decline. @param {string} id */
export function hangUp(id) {
    const { session } = parts.get(id) ?? {};
    const call = findCall(id);
    if (!session) return onEnded(id, 'causeCancelled', 'local');
    const options = call?.state === 'incoming' ? { status_code: 486, reason_phrase: 'Busy Here' } : {};
    try {
        session.terminate(options);
    } catch {
        onEnded(id, 'causeEnded', 'local'); // it had ended in the same moment
    }
}

/** @param {string} id @param {boolean} on */
export function setHold(id, on) {
    const { session } = parts.get(id) ?? {};
    if (!session || findCall(id)?.state !== 'up') return;
    const change = on ? session.hold() : session.unhold();
    // another offer is on its way: once more when it is through
    if (!change && session.isOnHold().local !== on) setTimeout(() => (on ? session.hold() : session.unhold()), 600);
}

/** @param {string} id @param {boolean} on */
export function setMute(id, on) {
    const { session } = parts.get(id) ?? {};
    if (!session) return;
    if (on) session.mute({ audio: true });
    else session.unmute({ audio: true });
    change(id, { muted: on });
}

/** @param {string} id @param {string} keys */
export function sendKeys(id, keys) {
    const { session } = parts.get(id) ?? {};
    const call = findCall(id);
    const plain = keys.replace(/[^0-9*#A-D,]/gi, '').toUpperCase();
    if (!session || !call || call.state !== 'up' || !plain) return;
    session.sendDTMF(plain, { transportType: 'RFC2833', duration: 120, interToneGap: 70 });
    patchCall(id, { keys: `${call.keys ?? ''}${plain}`.slice(-24) });
}

/** Send the far end elsewhere. @param {string} id @param {string} text */
export function transfer(id, text) {
    const { session } = parts.get(id) ?? {};
    if (session && text.trim()) refer(id, (options) => session.refer(targetOf(text), options));
}

/**
 * Join the far ends of two calls and leave. RFC 3891: Replaces names the dialog as its receiver sees it; JsSIP fills it
 * for calls we made, so for those we got the tags change places.
 * @param {string} id @param {string} otherId
 */
export function join(id, otherId) {
    const { session } = parts.get(id) ?? {};
    const other = parts.get(otherId)?.session;
    if (!session || !other) return;
    const isOurs = other.direction === 'outgoing';
    const replaces = {
        _request: other._request,
        _to_tag: isOurs ? other._to_tag : other._from_tag,
        _from_tag: isOurs ? other._from_tag : other._to_tag,
    };
    refer(id, (options) => session.refer(other.remote_identity.uri.toString(), { ...options, replaces }), otherId);
}

const TRANSFER_MS = 60000;

/** @param {string} id @param {(options: object) => any} send  gives nothing for an address that is none @param {string} [otherId] */
function refer(id, send, otherId) {
    const isOpen = () => /^(trying|ringing)$/.test(findCall(id)?.transfer ?? '');
    const done = () => {
        if (!isOpen()) return;
        change(id, { transfer: 'done' });
        showToast(t('transferred'));
        setTimeout(() => [id, otherId].forEach((each) => each && parts.has(each) && hangUp(each)), 500);
    };
    const failed = (/** @type {any} */ event = {}) => {
        if (!isOpen()) return;
        change(id, { transfer: 'failed' });
        const status = event.status_line?.status_code ?? event.response?.status_code ?? 408;
        showToast(t('transferFailed', { why: t(causeOf({ cause: '', message: { status_code: status } })) }), 'bad');
    };
    change(id, { transfer: 'trying' });
    const { extraHeaders } = callOptions();
    const eventHandlers = { requestFailed: failed, progress: () => patchCall(id, { transfer: 'ringing' }), accepted: done, failed };
    try {
        if (!send({ extraHeaders, eventHandlers })) failed({ response: { status_code: 404 } });
    } catch {
        failed({ response: { status_code: 404 } });
    }
    setTimeout(failed, TRANSFER_MS); // who took the request and never says what became of it
}

/** The recording goes into the history with its call. @param {string} id @param {any} part */
async function stopRecording(id, part) {
    const { recorder } = part;
    part.recorder = null;
    if (!recorder) return;
    const key = `${id}.${part.recordings.length}`;
    try {
        await keepRecording(key, await recorder.stop());
        part.recordings.push(key);
    } catch {
        showToast(t('recordingLost'), 'bad');
    }
}

/** @param {string} id */
export async function toggleRecording(id) {
    const part = parts.get(id);
    if (!part) return;
    if (part.recorder) {
        await stopRecording(id, part);
        return change(id, { recording: false });
    }
    const [own] = part.streams;
    if (!part.remote || !own || !globalThis.MediaRecorder) return showToast(t('cannotRecord'), 'bad');
    part.recorder = startRecorder([own, part.remote]);
    change(id, { recording: true });
}

/** The chosen devices changed: calls that are up follow. */
export async function applyDevices() {
    const { speaker } = getState().settings;
    for (const [id, part] of parts) {
        if (part.element) routeTo(part.element, speaker);
        const sender = part.peer?.getSenders().find((/** @type {any} */ each) => each.track?.kind === 'audio');
        if (!sender) continue;
        const stream = await openMicrophone().catch(() => null);
        if (!stream) return;
        const [track] = stream.getAudioTracks();
        track.enabled = sender.track.enabled;
        await sender.replaceTrack(track);
        part.streams.splice(0).forEach((/** @type {MediaStream} */ old) => old.getTracks().forEach((each) => each.stop()));
        part.streams.push(stream);
        if (findCall(id)?.recording) await toggleRecording(id); // its microphone is gone
    }
}

/** The streams of a call, for its meters. @param {string} id @returns {{own?: MediaStream, far?: MediaStream}} */
export const streamsOf = (id) => ({ own: parts.get(id)?.streams[0], far: parts.get(id)?.remote });

/** The page goes away: tell every far end while there is still a socket. */
export function hangUpAll() {
    for (const call of liveCalls()) hangUp(call.id);
}
