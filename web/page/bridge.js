// @ts-check
/**
 * The client of the bridge socket: JSON over a WebSocket, a peer connection for each call. It knows no
 * page: whoever uses it gives callbacks and draws what they say.
 *
 *   const bridge = createBridge({ url: 'ws://127.0.0.1:8080/bridge' }, { onState, onIncoming });
 *   const call = bridge.dial({ stream, destination: 'echo' }, { onState, onStream });
 *   call.hangup();
 *
 * @typedef {{type: string, [field: string]: any}} Message
 * @typedef {'connecting' | 'ready' | 'waiting' | 'closed'} BridgeState  waiting: until the next try
 * @typedef {'calling' | 'incoming' | 'ringing' | 'early' | 'answering' | 'up' | 'ended'} CallState
 * @typedef {{by: 'local' | 'remote' | 'system', code: number | string, reason: string, text: string,
 *            durationMs: number}} Cause  why a call ended: `reason` for programs, `text` for people
 *
 * @typedef {object} BridgeEvents
 * @property {(state: BridgeState, retryMs: number) => void} [onState]
 * @property {(direction: 'in' | 'out', message: Message) => void} [onMessage]  all but keep-alives
 * @property {(call: Call) => void} [onIncoming]  give it its events with `call.listen()`
 * @property {(user: string, error: string) => void} [onRegistered]  no user: not, or not any more
 *
 * @typedef {object} CallEvents
 * @property {(state: CallState, cause: Cause | null) => void} [onState]
 * @property {(stream: MediaStream) => void} [onStream]  what is heard of the far end
 * @property {(state: RTCPeerConnectionState) => void} [onMedia]
 * @property {(digit: string) => void} [onDigit]
 * @property {(stats: Message) => void} [onStats]
 */

const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15000];
const PING_MS = 20000;
const PONG_MS = 10000;

/** What a cause means where the gateway sent no sentence of its own. */
const CAUSES = {
    hangup: 'The call ended.',
    busy: 'The line is busy.',
    declined: 'The call was declined.',
    unavailable: 'Nobody can be reached there at the moment.',
    not_found: 'Nobody is known by that name or number.',
    no_route: 'No route leads to that destination.',
    no_answer: 'Nobody answered.',
    no_codec: 'The two sides have no audio format in common.',
    timeout: 'Nobody answered in time.',
    connection_refused: 'The far end’s address refused the connection.',
    auth_failed: 'The provider did not accept the user name and password.',
    media_timeout: 'No audio arrived for too long.',
    media_failed: 'The audio connection could not be made.',
    connection_lost: 'The connection to the gateway was lost.',
    cancelled: 'The call was cancelled.',
};

/** @param {Message} message `hangup` or `error` @returns {Cause} */
export function causeOf(message) {
    const told = String(message.text ?? message.message ?? '')
        .replace(/^Failed to establish call: (SIP call failed: )?/, '')
        .replace(/^Sip non-success response: \d+ \((.*)\)$/, '$1');
    const reason = String(message.reason ?? message.code ?? '');
    return {
        by: message.by ?? 'system',
        code: message.code ?? 0,
        reason,
        text: told || CAUSES[reason] || 'The call ended.',
        durationMs: message.durationMs ?? 0,
    };
}

/** @param {string} reason @param {'local' | 'remote' | 'system'} by @param {string} [text] @returns {Cause} */
function causeMade(reason, by, text) {
    return { by, code: 0, reason, text: text ?? CAUSES[reason], durationMs: 0 };
}

/** crypto.randomUUID() is missing where the page is not a secure context. */
function createId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One call. Made by Bridge.dial() or handed to onIncoming. */
class Call {
    /** @type {CallState} */ state = 'calling';
    /** @type {Cause | null} */ cause = null;
    isIncoming = false;
    from = '';
    displayName = '';
    to = '';
    codec = '';
    /** When it was answered, on performance.now()'s clock; 0: not yet. */
    upMs = 0;
    /** @type {RTCPeerConnection | null} */ peer = null;
    /** @type {CallEvents} */ #events = {};
    /** @type {(message: Message) => boolean} */ #send;
    /** @type {(RTCIceCandidate | null)[] | null} those found before our description left */ #early = [];
    #offer = '';
    /** @type {Promise<any>} */ #queue = Promise.resolve();

    /** @param {string} id @param {(message: Message) => boolean} send */
    constructor(id, send) {
        this.id = id;
        this.#send = send;
    }

    /** @param {CallEvents} events */
    listen(events) {
        this.#events = events;
    }

    /** @param {{stream: MediaStream, destination?: string, codecs?: string[], headers?: object,
     *           iceServers?: RTCIceServer[]}} config */
    async start(config) {
        const peer = this.#open(config.iceServers ?? []);
        const track = config.stream.getAudioTracks()[0];
        const transceiver = peer.addTransceiver(track, { streams: [config.stream] });
        prefer(transceiver, config.codecs);
        await peer.setLocalDescription(await peer.createOffer());
        const { destination, headers } = config;
        this.#describe({ type: 'offer', destination, headers });
    }

    /** @param {Message} message `incoming-call` */
    take(message) {
        this.isIncoming = true;
        this.from = message.from ?? '';
        this.displayName = message.displayName ?? '';
        this.to = message.to ?? '';
        this.#offer = message.sdp;
        this.state = 'incoming';
    }

    /** Accept it. @param {{stream: MediaStream, codecs?: string[], iceServers?: RTCIceServer[]}} config */
    async answer(config) {
        if (this.state !== 'incoming') return;
        this.#move('answering');
        try {
            const peer = this.#open(config.iceServers ?? []);
            await peer.setRemoteDescription({ type: 'offer', sdp: keepCodecs(this.#offer, config.codecs) });
            peer.addTrack(config.stream.getAudioTracks()[0], config.stream);
            await peer.setLocalDescription(await peer.createAnswer());
            this.#describe({ type: 'answer' });
            this.#up();
        } catch (error) {
            this.#giveUp(error);
        }
    }

    /** Decline it: 603 declined, 486 busy, 480 not here. */
    reject(code = 603, reason = 'Declined') {
        if (this.state !== 'incoming') return;
        this.#send({ type: 'reject', callId: this.id, code, reason });
        this.end(causeMade('declined', 'local', code === 486 ? 'You were in another call.' : 'You declined.'));
    }

    hangup() {
        if (this.state === 'ended') return;
        this.#send({ type: 'hangup', callId: this.id });
        const text = this.upMs ? 'You hung up.' : 'You cancelled the call.';
        this.end(causeMade(this.upMs ? 'hangup' : 'cancelled', 'local', text));
    }

    /** Touch tones. @param {string} digits 0-9 * # A-D, a comma is a pause */
    sendDigits(digits) {
        if (this.state !== 'ended') this.#send({ type: 'dtmf', callId: this.id, digits });
    }

    /** The microphone goes silent here, so that nothing said leaves this machine. @param {boolean} on */
    mute(on) {
        for (const sender of this.peer?.getSenders() ?? []) if (sender.track) sender.track.enabled = !on;
    }

    /** The reply comes to onStats. */
    askStats() {
        if (this.state === 'up') this.#send({ type: 'stats', callId: this.id });
    }

    /** A message about this call; those with descriptions take their time and stay in order. @param {Message} message */
    async feed(message) {
        const handlers = {
            ringing: () => this.#move('ringing'),
            progress: () => this.#describeRemote(message, 'early'),
            answer: () => this.#describeRemote(message, 'up'),
            'ice-candidate': () => this.peer?.addIceCandidate(message.candidate ?? undefined),
            dtmf: () => this.#events.onDigit?.(message.digit),
            stats: () => this.#events.onStats?.(message),
        };
        if (message.type === 'hangup' || message.type === 'error') this.end(causeOf(message));
        this.#queue = this.#queue
            .then(() => this.state !== 'ended' && handlers[message.type]?.())
            .catch((error) => this.#giveUp(error));
        await this.#queue;
    }

    /** Ends it here without telling the gateway, which knows already. @param {Cause} cause */
    end(cause) {
        if (this.state === 'ended') return;
        this.cause = cause;
        if (this.upMs && !cause.durationMs) cause.durationMs = Math.round(performance.now() - this.upMs);
        this.peer?.close();
        this.#move('ended');
    }

    /** @param {unknown} error */
    #giveUp(error) {
        if (this.state === 'ended') return; // closed while a promise was under way
        this.#send({ type: 'hangup', callId: this.id });
        this.end(causeMade('media_failed', 'local', `The audio could not be set up: ${error}`));
    }

    /** @param {RTCIceServer[]} iceServers */
    #open(iceServers) {
        const peer = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
        this.peer = peer;
        peer.onicecandidate = ({ candidate }) => this.#candidate(candidate);
        peer.ontrack = ({ streams, track }) => this.#events.onStream?.(streams[0] ?? new MediaStream([track]));
        peer.onconnectionstatechange = () => {
            this.#events.onMedia?.(peer.connectionState);
            if (peer.connectionState === 'failed') this.#giveUp('no packets get through');
        };
        return peer;
    }

    /** @param {RTCIceCandidate | null} candidate */
    #candidate(candidate) {
        if (this.#early) this.#early.push(candidate);
        else if (this.state !== 'ended') this.#send({ type: 'ice-candidate', callId: this.id, candidate });
    }

    /** Send our description at once, its candidates as they are found. @param {Message} message */
    #describe(message) {
        this.#send({ ...message, callId: this.id, sdp: this.peer?.localDescription?.sdp });
        const early = this.#early ?? [];
        this.#early = null;
        early.forEach((candidate) => this.#candidate(candidate));
    }

    /** `progress` and `answer` carry the same description. @param {Message} message @param {'early' | 'up'} state */
    async #describeRemote(message, state) {
        this.codec = message.codec ?? this.codec;
        if (this.peer?.signalingState === 'have-local-offer')
            await this.peer.setRemoteDescription({ type: 'answer', sdp: message.sdp });
        if (state === 'up') this.#up();
        else this.#move('early');
    }

    #up() {
        if (this.state === 'ended') return;
        this.upMs = performance.now();
        this.#move('up');
    }

    /** @param {CallState} state */
    #move(state) {
        if (this.state === 'ended' || this.state === state) return;
        this.state = state;
        this.#events.onState?.(state, this.cause);
    }
}

/** Only these codecs (and touch tones), the first one first. @param {RTCRtpTransceiver} transceiver @param {string[]} [names] */
function prefer(transceiver, names) {
    if (!names?.length) return;
    const known = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
    const named = (/** @type {string} */ name) =>
        known.filter((codec) => codec.mimeType.toLowerCase() === `audio/${name.toLowerCase()}`);
    transceiver.setCodecPreferences([...names, 'telephone-event'].flatMap(named));
}

/**
 * An offer with only these codecs (and touch tones) left. Chromium sends what the offer liked best, even where
 * its own answer does not have it, so that preferring in the answer is not enough.
 * @param {string} sdp @param {string[]} [names]
 */
function keepCodecs(sdp, names) {
    if (!names?.length) return sdp;
    const kept = [...names, 'telephone-event'].map((name) => name.toLowerCase());
    const gone = [...sdp.matchAll(/^a=rtpmap:(\d+) ([^/\r\n]+)/gm)]
        .filter(([, , name]) => !kept.includes(name.toLowerCase()))
        .map(([, type]) => type);
    return sdp
        .split('\r\n')
        .filter((line) => !gone.includes(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line)?.[1] ?? ''))
        .map((line) => (line.startsWith('m=audio ') ? line.split(' ').filter((word, i) => i < 3 || !gone.includes(word)).join(' ') : line))
        .join('\r\n');
}

/** The connection to the gateway. It comes back by itself. */
class Bridge {
    /** @type {BridgeState} */ state = 'connecting';
    /** @type {Map<string, Call>} */ calls = new Map();
    /** @type {Message | null} */ session = null;
    user = '';
    /** @type {WebSocket | null} */ #socket = null;
    #tries = 0;
    #token = '';
    #timer = 0;
    #pinger = 0;
    #pongTimer = 0;

    /** @param {{url: string}} config @param {BridgeEvents} events */
    constructor(config, events) {
        this.#url = config.url;
        this.#events = events;
        queueMicrotask(() => this.#connect()); // never a callback from inside create
    }
    #url;
    #events;

    /** Place a call. @param {Parameters<Call['start']>[0]} config @param {CallEvents} events */
    dial(config, events) {
        const call = this.#add(createId());
        const iceServers = config.iceServers ?? this.session?.iceServers ?? [];
        call.to = config.destination ?? '';
        call.listen(events);
        call.start({ ...config, iceServers }).catch((error) =>
            call.end(causeMade('media_failed', 'local', `The call could not be offered: ${error}`)),
        );
        return call;
    }

    /** Let calls for the token's user ring here, after a lost connection too. @param {string} token */
    register(token) {
        this.#token = token;
        if (this.state === 'ready') this.send({ type: 'register', token });
    }

    unregister() {
        this.#token = '';
        this.send({ type: 'unregister' });
    }

    /** False: the connection is not there. @param {Message} message */
    send(message) {
        if (this.#socket?.readyState !== WebSocket.OPEN) return false;
        this.#socket.send(JSON.stringify(message));
        if (message.type !== 'ping') this.#events.onMessage?.('out', message);
        return true;
    }

    /** Try now instead of when the wait is over. */
    retry() {
        if (this.state !== 'waiting') return;
        clearTimeout(this.#timer);
        this.#connect();
    }

    destroy() {
        for (const call of this.calls.values()) call.hangup();
        this.#events = {};
        this.state = 'closed';
        this.#stop();
        this.#socket?.close();
    }

    #stop() {
        clearTimeout(this.#timer);
        clearInterval(this.#pinger);
        clearTimeout(this.#pongTimer);
        this.#pongTimer = 0;
    }

    #connect() {
        if (this.state === 'closed') return;
        this.#move('connecting', 0);
        const socket = new WebSocket(this.#url);
        this.#socket = socket;
        socket.onmessage = ({ data }) => this.#onText(data);
        socket.onclose = () => this.#onClose(socket);
    }

    /** @param {WebSocket} socket */
    #onClose(socket) {
        if (socket !== this.#socket || this.state === 'closed') return;
        this.#stop();
        this.#socket = null;
        this.session = null;
        // the gateway ends a call whose page is gone
        for (const call of this.calls.values()) call.end(causeMade('connection_lost', 'system'));
        this.calls.clear();
        this.#registered('', '');
        const base = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
        const retryMs = Math.round(base * (0.75 + Math.random() / 2));
        this.#timer = setTimeout(() => this.#connect(), retryMs);
        this.#move('waiting', retryMs);
    }

    /** A peer that vanished without a word is noticed, and the next connection tried. */
    #ping() {
        this.send({ type: 'ping', t: Date.now() });
        this.#pongTimer ||= setTimeout(() => {
            const socket = this.#socket;
            if (!socket) return;
            socket.close();
            this.#onClose(socket); // its close event may take a minute
        }, PONG_MS);
    }

    /** @param {string} text */
    #onText(text) {
        const message = JSON.parse(text);
        if (message.type === 'pong') {
            clearTimeout(this.#pongTimer);
            this.#pongTimer = 0;
            return;
        }
        this.#events.onMessage?.('in', message);
        const handlers = {
            'session-created': () => this.#onSession(message),
            'incoming-call': () => this.#onIncoming(message),
            registered: () => this.#registered(message.user ?? message.aor ?? '', ''),
            unregistered: () => this.#registered('', ''),
        };
        if (handlers[message.type]) handlers[message.type]();
        else this.#onCallMessage(message);
    }

    /** @param {Message} message */
    #onSession(message) {
        this.session = message;
        this.#tries = 0;
        this.#pinger = setInterval(() => this.#ping(), PING_MS);
        this.#move('ready', 0);
        if (this.#token) this.send({ type: 'register', token: this.#token });
    }

    /** @param {Message} message */
    #onIncoming(message) {
        const call = this.#add(message.callId);
        call.take(message);
        if (this.#events.onIncoming) this.#events.onIncoming(call);
        else call.reject(480, 'Not here');
    }

    /** @param {Message} message */
    #onCallMessage(message) {
        const call = this.calls.get(message.callId);
        if (call) call.feed(message).then(() => call.state === 'ended' && this.calls.delete(call.id));
        else if (message.type === 'error' && message.code === 'unauthorized') this.#registered('', message.message);
    }

    /** @param {string} user @param {string} error */
    #registered(user, error) {
        if (user === this.user && !error) return;
        if (error) this.#token = '';
        this.user = user;
        this.#events.onRegistered?.(user, error);
    }

    /** @param {string} id */
    #add(id) {
        for (const call of this.calls.values()) if (call.state === 'ended') this.calls.delete(call.id);
        const call = new Call(id, (message) => this.send(message));
        this.calls.set(id, call);
        return call;
    }

    /** @param {BridgeState} state @param {number} retryMs */
    #move(state, retryMs) {
        this.state = state;
        this.#events.onState?.(state, retryMs);
    }
}

/** @param {{url: string}} config @param {BridgeEvents} [events] */
export function createBridge(config, events = {}) {
    return new Bridge(config, events);
}
