/** Web phones in Chromium pages: JsSIP and SIP.js as their makers publish them, behind one set of verbs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { openPage } from './chromium.mjs';
import { waitFor } from './process.mjs';

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));
const STACKS = {
    jssip: { entry: `${modules}jssip/lib/JsSIP.js`, global: 'JsSIP', install: installJsSip },
    sipjs: { entry: `${modules}sip.js/lib/index.js`, global: 'SIP', install: installSipJs },
};
/** @type {Map<string, Promise<string>>} */
const bundles = new Map();

/** The library as one script: nothing is changed, its modules are only put together. @param {keyof STACKS} stack */
function bundle(stack) {
    const { entry, global } = STACKS[stack];
    if (!bundles.has(stack))
        bundles.set(
            stack,
            build({ entryPoints: [entry], bundle: true, format: 'iife', globalName: global, write: false, logLevel: 'error' }).then(
                (result) => result.outputFiles[0].text,
            ),
        );
    return /** @type {Promise<string>} */ (bundles.get(stack));
}

/** The version of it that is installed. @param {keyof STACKS} stack */
export const versionOf = (stack) =>
    JSON.parse(readFileSync(`${modules}${stack === 'jssip' ? 'jssip' : 'sip.js'}/package.json`, 'utf8')).version;

/**
 * @typedef {object} WebPhoneConfig
 * @property {keyof STACKS} stack @property {string} user @property {string} password
 * @property {string} url  of the socket @property {string} [page]  the page's own address (default: the daemon's)
 * @property {string} [domain] @property {number} [hz]  what its microphone hears, all the time
 * @property {number} [levelDb] @property {string} [colour]  of its camera's picture; none: it calls without video
 * @property {boolean} [late]  the camera is not switched on with the call
 * @property {'auto' | 'manual'} [answers] @property {object} [options]  of the library
 */

/**
 * A page with such a phone, registered. Its events are words in `log()`, in order.
 * @param {import('playwright-core').Browser} browser @param {{url: string, httpsUrl: string}} daemon
 * @param {WebPhoneConfig} config
 */
export async function startWebPhone(browser, daemon, config) {
    const page = await openPage(browser);
    await page.goto(config.page ?? (config.url.startsWith('wss') ? daemon.httpsUrl : daemon.url));
    await page.evaluate(installDevices, { hz: config.hz ?? 440, levelDb: config.levelDb ?? -12, colour: config.colour ?? '' });
    await page.addScriptTag({ content: await bundle(config.stack) });
    await page.evaluate(STACKS[config.stack].install, { domain: 'tandem', answers: 'auto', options: {}, ...config });

    const log = () => page.evaluate(() => /** @type {any} */ (window).phone.log);
    let seen = 0;
    /** The next event that begins so, since the last one waited for. @param {string} what */
    async function waitEvent(what, timeoutMs = 10000) {
        let lines = /** @type {string[]} */ ([]);
        const at = () => lines.findIndex((line, i) => i >= seen && line.startsWith(what));
        await waitFor(`${config.user}'s ${what}`, async () => ((lines = await log()), at() >= 0), timeoutMs).catch((error) => {
            throw new Error(`${error.message}; there were: ${lines.join(', ')}\n${page.errors.join('\n')}`);
        });
        const found = at();
        seen = found + 1;
        return lines[found];
    }
    const verb = (/** @type {string} */ name) => (/** @type {any[]} */ ...args) =>
        page.evaluate(([n, a]) => /** @type {any} */ (window).phone[n](...a), /** @type {any} */ ([name, args]));
    return {
        page,
        log,
        waitEvent,
        /** What happened so far belongs to the past. */
        forget: async () => void (seen = (await log()).length),
        call: verb('call'),
        accept: verb('accept'),
        hangup: verb('hangup'),
        hold: verb('hold'),
        resume: verb('resume'),
        mute: verb('mute'),
        unmute: verb('unmute'),
        press: verb('press'),
        pressInfo: verb('pressInfo'),
        dropSocket: verb('dropSocket'),
        renegotiate: verb('renegotiate'),
        /** The camera is on from now on, and the far end is told. */
        showCamera: verb('showCamera'),
        /** The camera is there for the far end's next offer that has video. */
        readyCamera: verb('readyCamera'),
        /** Video is no part of the call any more, and the far end is told. */
        endVideo: verb('endVideo'),
        /** What the far end's camera sees, red, green and blue; null while there is no picture. */
        picture: () => page.evaluate(readPicture),
        /** Where tandem receives the newest call's media. */
        gatewayPort: verb('gatewayPort'),
        refer: verb('refer'),
        referToFirst: verb('referToFirst'),
        say: verb('say'),
        unregister: verb('unregister'),
        close: () => page.context().close(),
    };
}

/** The page shows a picture of about that colour. @param {{picture: () => Promise<number[] | null>}} phone @param {string} colour */
export const assertShows = (phone, colour) =>
    waitFor(`a picture of ${colour}`, async () => {
        const got = await phone.picture();
        return got && [1, 3, 5].every((at, i) => Math.abs(parseInt(colour.slice(at, at + 2), 16) - got[i]) < 50);
    });

/** Runs in the page: a microphone that hears one tone, a camera that sees one colour. */
function installDevices({ hz, levelDb, colour }) {
    const camera = () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
        const paper = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
        let n = 0;
        setInterval(() => {
            paper.fillStyle = colour;
            paper.fillRect(0, 0, 160, 120);
            paper.clearRect(n++ % 150, 0, 10, 10); // something moves
        }, 100);
        return canvas.captureStream(10).getVideoTracks()[0];
    };
    navigator.mediaDevices.getUserMedia = async (constraints) => {
        const audio = new AudioContext({ sampleRate: 48000 });
        const tone = new OscillatorNode(audio, { frequency: hz });
        const level = new GainNode(audio, { gain: 10 ** (levelDb / 20) });
        const out = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
        tone.connect(level).connect(out);
        tone.start();
        if (constraints?.video) out.stream.addTrack(camera());
        return out.stream;
    };
    const sockets = [];
    const Original = window.WebSocket;
    window.WebSocket = /** @type {any} */ (class extends Original {
        constructor(...args) {
            super(...args);
            sockets.push(this);
        }
    });
    const videoLine = (/** @type {RTCPeerConnection} */ peer) =>
        peer.getTransceivers().find((line) => line.receiver.track.kind === 'video' && line.receiver.track.readyState === 'live');
    /** On the line that a far end's offer made, if there is one: addTrack() would make another. */
    const attachCamera = async (/** @type {RTCPeerConnection} */ peer) => {
        const [stream, line] = [await navigator.mediaDevices.getUserMedia({ video: true }), videoLine(peer)];
        if (!line) return void peer.addTrack(stream.getVideoTracks()[0], stream);
        await line.sender.replaceTrack(stream.getVideoTracks()[0]);
        line.direction = 'sendrecv';
    };
    Object.assign(window, { sockets, videoLine, attachCamera });
}

/** Runs in the page: the middle of the picture that comes in. */
async function readPicture() {
    const { phone } = /** @type {any} */ (window);
    const receiver = phone.peer() && /** @type {any} */ (window).videoLine(phone.peer())?.receiver;
    if (!receiver) return null;
    const video = Object.assign(document.createElement('video'), { muted: true, srcObject: new MediaStream([receiver.track]) });
    const played = await Promise.race([video.play().then(() => true), new Promise((ok) => setTimeout(ok, 2000))]);
    if (!played || !video.videoWidth) return null;
    const canvas = Object.assign(document.createElement('canvas'), { width: video.videoWidth, height: video.videoHeight });
    const paper = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    paper.drawImage(video, 0, 0);
    return [...paper.getImageData(video.videoWidth / 2, video.videoHeight / 2, 1, 1).data].slice(0, 3);
}

/** Runs in the page. */
function installJsSip({ url, user, password, domain, answers, options, colour, late }) {
    const { JsSIP, sockets } = /** @type {any} */ (window);
    const phone = /** @type {any} */ ({ log: [], session: null, sessions: [] });
    const media = { mediaConstraints: { audio: true, video: Boolean(colour && !late) }, pcConfig: { iceServers: [] } };
    const note = (/** @type {string} */ name) => (/** @type {any} */ event) => phone.log.push(`${name} ${event?.cause ?? ''}`.trim());
    const ua = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(url)], uri: `sip:${user}@${domain}`, password, connection_recovery_min_interval: 1, ...options });
    for (const name of ['connected', 'disconnected', 'registered', 'unregistered', 'registrationFailed']) ua.on(name, note(name));
    ua.on('newRTCSession', ({ session, originator }) => {
        phone.session = session;
        phone.sessions.push(session);
        for (const name of ['progress', 'accepted', 'confirmed', 'ended', 'failed', 'hold', 'unhold']) session.on(name, note(name));
        session.on('newDTMF', (e) => e.originator === 'remote' && phone.log.push(`key ${e.dtmf.tone}`));
        if (originator !== 'remote') return;
        phone.log.push(`incoming ${session.remote_identity.uri.user}`);
        if (answers === 'auto') session.answer(media);
    });
    ua.on('newMessage', ({ message, originator }) => {
        if (originator === 'remote') phone.log.push(`message ${message.remote_identity.uri.user} ${message._request.body}`);
    });
    const done = (/** @type {any} */ name, /** @type {(ok: any) => any} */ run) =>
        new Promise((ok, failed) => run(ok) === false && failed(new Error(`JsSIP refused to ${name}`)));
    Object.assign(phone, {
        ua,
        call: (/** @type {string} */ to) => void ua.call(`sip:${to}@${domain}`, media),
        accept: () => phone.session.answer(media),
        hangup: () => phone.session.terminate(),
        hold: () => done('hold', (ok) => phone.session.hold({}, ok)),
        resume: () => done('resume', (ok) => phone.session.unhold({}, ok)),
        mute: () => phone.session.mute({ audio: true }),
        unmute: () => phone.session.unmute({ audio: true }),
        press: (/** @type {string} */ keys) => phone.session.sendDTMF(keys, { transportType: 'RFC2833', duration: 120, interToneGap: 120 }),
        pressInfo: (/** @type {string} */ keys) => phone.session.sendDTMF(keys, { transportType: 'INFO', duration: 120, interToneGap: 500 }),
        dropSocket: () => sockets.at(-1).close(),
        renegotiate: () => done('renegotiate', (ok) => phone.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, ok)),
        readyCamera: () => /** @type {any} */ (window).attachCamera(phone.peer()),
        showCamera: async () => {
            await phone.readyCamera();
            await done('show the camera', (ok) => phone.session.renegotiate({}, ok));
        },
        endVideo: async () => {
            /** @type {any} */ (window).videoLine(phone.peer()).stop();
            await done('end video', (ok) => phone.session.renegotiate({}, ok));
        },
        peer: () => phone.session.connection,
        gatewayPort: () => /^m=audio (\d+)/m.exec(phone.session.connection.remoteDescription.sdp)?.[1],
        refer: (/** @type {string} */ to) => void phone.session.refer(`sip:${to}@${domain}`, { eventHandlers: { accepted: note('referred') } }),
        /** The far end of the first call is to talk to that of the last one. */
        referToFirst: () => void phone.sessions[0].refer(phone.session.remote_identity.uri, { replaces: phone.session, eventHandlers: { accepted: note('referred') } }),
        say: (/** @type {string} */ to, /** @type {string} */ text) =>
            void ua.sendMessage(`sip:${to}@${domain}`, text, { eventHandlers: { succeeded: note('said'), failed: note('unsaid') } }),
        unregister: () => ua.unregister(),
    });
    Object.assign(window, { phone });
    ua.start();
}

/** Runs in the page. */
function installSipJs({ url, user, password, domain, answers, options, colour, late }) {
    const seen = colour && !late ? { sessionDescriptionHandlerOptions: { constraints: { audio: true, video: true } } } : {};
    const { SIP, sockets } = /** @type {any} */ (window);
    const phone = /** @type {any} */ ({ log: [], session: null, sessions: [] });
    const note = (/** @type {string} */ text) => phone.log.push(text);
    const uri = (/** @type {string} */ name) => SIP.UserAgent.makeURI(`sip:${name}@${domain}`);
    const words = { Establishing: 'progress', Established: 'confirmed', Terminated: 'ended' };
    const watch = (/** @type {any} */ session) => {
        phone.session = session;
        phone.sessions.push(session);
        session.stateChange.addListener((/** @type {string} */ state) => words[state] && note(words[state]));
        session.delegate = {
            onInfo: (/** @type {any} */ info) => (info.accept(), note(`info ${info.request.body}`)),
        };
    };
    const ua = new SIP.UserAgent({
        uri: uri(user),
        authorizationUsername: user,
        authorizationPassword: password,
        logLevel: 'error',
        transportOptions: { server: url },
        sessionDescriptionHandlerFactoryOptions: { iceGatheringTimeout: 500, peerConnectionConfiguration: { iceServers: [] } },
        delegate: {
            onInvite: (/** @type {any} */ invitation) => {
                watch(invitation);
                note(`incoming ${invitation.remoteIdentity.uri.user}`);
                if (answers === 'auto') invitation.accept(seen);
            },
            onMessage: (/** @type {any} */ message) => {
                note(`message ${message.request.from.uri.user} ${message.request.body}`);
                message.accept();
            },
            onDisconnect: () => (note('disconnected'), setTimeout(() => ua.reconnect(), 500)),
            onConnect: () => (note('connected'), register()),
        },
        ...options,
    });
    const registerer = new SIP.Registerer(ua);
    const register = () =>
        registerer.register({
            requestDelegate: { onAccept: () => note('registered'), onReject: (/** @type {any} */ r) => note(`registrationFailed ${r.message.statusCode}`) },
        });
    registerer.stateChange.addListener((/** @type {string} */ state) => state === 'Unregistered' && note('unregistered'));
    /** A re-INVITE and its answer. */
    const reinvite = (/** @type {any} */ options) =>
        new Promise((ok, failed) => {
            const requestDelegate = { onAccept: ok, onReject: () => failed(new Error('refused')) };
            phone.session.invite({ requestDelegate, sessionDescriptionHandlerOptions: options }).catch(failed);
        });
    const onReferred = (/** @type {any} */ n) => (n.accept(), /SIP\/2.0 2/.test(n.request.body) && note('referred'));
    const referOptions = { onNotify: onReferred };
    const peer = () => phone.session.sessionDescriptionHandler.peerConnection;
    const setMuted = (/** @type {boolean} */ muted) => peer().getSenders().forEach((/** @type {any} */ s) => s.track && (s.track.enabled = !muted));
    /** As its own SessionManager does: the offer says so, and the track falls silent. */
    const setHold = async (/** @type {boolean} */ hold) => {
        phone.session.sessionDescriptionHandlerOptionsReInvite = { hold };
        await reinvite({ hold });
        setMuted(hold);
    };
    Object.assign(phone, {
        ua,
        call: (/** @type {string} */ to) => {
            const inviter = new SIP.Inviter(ua, uri(to), seen);
            watch(inviter);
            void inviter.invite({ requestDelegate: { onReject: (/** @type {any} */ r) => note(`failed ${r.message.statusCode}`) } });
        },
        accept: () => phone.session.accept(seen),
        peer,
        hangup: () => {
            const how = { Established: 'bye', Initial: 'reject' };
            return void phone.session[how[phone.session.state] ?? 'cancel']();
        },
        hold: () => setHold(true).then(() => note('hold')),
        resume: () => setHold(false).then(() => note('unhold')),
        mute: () => setMuted(true),
        unmute: () => setMuted(false),
        press: (/** @type {string} */ keys) => phone.session.sessionDescriptionHandler.sendDtmf(keys, { duration: 120, interToneGap: 120 }),
        pressInfo: async (/** @type {string} */ keys) => {
            for (const key of keys) {
                const body = { contentDisposition: 'render', contentType: 'application/dtmf-relay', content: `Signal=${key}\r\nDuration=120` };
                await phone.session.info({ requestOptions: { body } });
                await new Promise((ok) => setTimeout(ok, 300));
            }
        },
        dropSocket: () => sockets.at(-1).close(),
        renegotiate: () => reinvite({ offerOptions: { iceRestart: true } }),
        readyCamera: () => /** @type {any} */ (window).attachCamera(peer()),
        showCamera: async () => {
            await phone.readyCamera();
            await reinvite({});
        },
        endVideo: async () => {
            /** @type {any} */ (window).videoLine(peer()).stop();
            await reinvite({});
        },
        gatewayPort: () => /^m=audio (\d+)/m.exec(peer().remoteDescription.sdp)?.[1],
        refer: (/** @type {string} */ to) => void phone.session.refer(uri(to), referOptions),
        /** The far end of the first call is to talk to that of the last one. */
        referToFirst: () => void phone.sessions[0].refer(phone.session, referOptions),
        say: (/** @type {string} */ to, /** @type {string} */ text) =>
            new SIP.Messager(ua, uri(to), text).message({
                requestDelegate: { onAccept: () => note('said'), onReject: (/** @type {any} */ r) => note(`unsaid ${r.message.statusCode}`) },
            }),
        unregister: () => void registerer.unregister(),
    });
    Object.assign(window, { phone });
    void ua.start();
}
