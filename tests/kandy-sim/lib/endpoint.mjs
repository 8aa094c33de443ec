/**
 * One far end's media: full ICE, DTLS-SRTP and an SDP of its own making on werift's transports, a voice that
 * speaks and a meter that listens.
 */
import { readFileSync } from 'node:fs';
import {
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
    RtcpSenderInfo,
    RtcpSrPacket,
    RtpHeader,
    ProtectionProfileAeadAes128Gcm,
    ProtectionProfileAes128CmHmacSha1_80,
    candidateFromSdp,
    candidateToSdp,
    ntpTime,
} from 'werift';
import { Meter } from './meter.mjs';
import { CODECS, mirrored, parseSdp, printSdp } from './sdp.mjs';
import { Voice } from './voice.mjs';

const PROFILES = [ProtectionProfileAeadAes128Gcm, ProtectionProfileAes128CmHmacSha1_80];
const PTIME_MS = 20;
const REPORT_MS = 5000;
const CLOSE_MS = 1000;
const random32 = () => Math.floor(Math.random() * 0xffffffff);

/** All voices speak from one clock, and catch up after a pause of the process. */
const speaking = new Set();
let clock = /** @type {NodeJS.Timeout | null} */ (null);
let spokenUntil = 0;
function speakAll() {
    const now = performance.now();
    spokenUntil = Math.max(spokenUntil, now - 200);
    for (; spokenUntil + PTIME_MS <= now; spokenUntil += PTIME_MS) for (const endpoint of speaking) endpoint.speak();
}
function startSpeaking(endpoint) {
    speaking.add(endpoint);
    if (clock) return;
    spokenUntil = performance.now();
    clock = setInterval(speakAll, 5);
}
function stopSpeaking(endpoint) {
    speaking.delete(endpoint);
    if (speaking.size > 0 || !clock) return;
    clearInterval(clock);
    clock = null;
}

/** One for each endpoint: whoever takes a call over is told by another fingerprint (RFC 8842 5.1). */
function makeCertificate() {
    RTCDtlsTransport.localCertificate = undefined;
    RTCDtlsTransport.localCertificatePromise = undefined;
    return RTCDtlsTransport.SetupCertificate();
}

/**
 * @typedef {object} EndpointConfig
 * @property {string[]} codecs  names, in order @property {{hz: number, level: number}} tone
 * @property {'active' | 'passive'} setup  what an answer says
 * @property {{host: string, port: number, username: string, password: string, caFile: string} | null} relay  offer relayed candidates only
 */
export class Endpoint {
    /** @type {RTCIceTransport} */ #ice;
    /** @type {RTCDtlsTransport} */ #dtls;
    #config;
    #id = String(random32());
    #version = 0;
    #ssrc = random32();
    #sequence = random32() & 0xffff;
    #sent = { packets: 0, bytes: 0, timestamp: 0 };
    #reportAt = 0;
    #isStarted = false;
    #remote = /** @type {ReturnType<typeof parseSdp> | null} */ (null);
    /** What both sides speak: name to payload type. @type {Map<string, number>} */ #codecs = new Map();
    #local = 'sendrecv';
    #setup = 'actpass';
    voice = new Voice();
    meter = new Meter();
    error = '';

    /** @param {EndpointConfig} config */
    constructor(config) {
        this.#config = config;
        this.voice.tone = config.tone;
        this.#makeTransports();
    }

    #makeTransports() {
        const { relay } = this.#config;
        const turn = relay && {
            turnServer: [relay.host, relay.port],
            turnUsername: relay.username,
            turnPassword: relay.password,
            turnTransport: 'tls',
            turnTlsOptions: { ca: readFileSync(relay.caFile) },
            forceTurn: true,
        };
        // loopback only: a test leaves the machine in peace
        const options = { useIpv4: false, useIpv6: false, useTcp: false, additionalHostAddresses: ['127.0.0.1'], ...turn };
        this.#ice = new RTCIceTransport(new RTCIceGatherer(/** @type {any} */ (options)));
        this.#dtls = new RTCDtlsTransport({}, this.#ice, undefined, PROFILES);
        this.#dtls.onRtp.subscribe((packet) => this.meter.feed(packet, this.#nameOf(packet.header.payloadType)));
    }

    #nameOf(pt) {
        for (const [name, number] of this.#codecs) if (number === pt) return name;
        return '';
    }

    /** @param {string} direction @returns {Promise<string>} */
    async offer(direction = 'sendrecv', codecs = this.#config.codecs) {
        this.#local = direction;
        this.#setup = 'actpass';
        if (!this.#isStarted) this.#ice.connection.iceControlling = true;
        const rows = codecs.map((name) => ({ name, pt: this.#codecs.get(name) ?? CODECS[name].pt }));
        return this.#print(rows);
    }

    /** @param {string} text  a remote offer @param {string} [direction]  ours, if it is not the mirror of theirs */
    async answer(text, direction) {
        const remote = parseSdp(text);
        const isAgain = this.#isStarted;
        const isRestart = isAgain && remote.ufrag !== this.#remote?.ufrag;
        if (!isAgain) this.#ice.connection.iceControlling = remote.isLite;
        this.#take(remote);
        this.#local = direction ?? mirrored(remote.direction);
        // RFC 8842 5.3: without a new association the roles stay
        this.#setup = isAgain ? (this.#dtls.role === 'server' ? 'passive' : 'active') : this.#config.setup;
        const rows = [...this.#codecs].map(([name, pt]) => ({ name, pt }));
        if (rows.length === 0) throw new Error('no common codec');
        const sdp = await this.#print(rows);
        // RFC 8445 2.4: new checks under the new names, beneath the same DTLS
        if (isRestart) this.#ice.start().catch((error) => (this.error = error.message));
        this.#start(this.#setup === 'active' ? 'client' : 'server');
        return sdp;
    }

    /** @param {string} text  the answer to our offer */
    async accept(text) {
        const remote = parseSdp(text);
        this.#take(remote);
        this.#start(remote.setup === 'active' ? 'server' : 'client');
    }

    #take(remote) {
        const before = this.#remote;
        if (before && before.fingerprint?.value !== remote.fingerprint?.value) throw new Error('the fingerprint changed within a call');
        this.#remote = remote;
        const wanted = remote.codecs.filter(({ name }) => this.#config.codecs.includes(name));
        const order = (name) => this.#config.codecs.indexOf(name);
        this.#codecs = new Map(wanted.sort((a, b) => order(a.name) - order(b.name)).map(({ name, pt }) => [name, pt]));
        const params = new RTCIceParameters({ usernameFragment: remote.ufrag, password: remote.pwd, iceLite: remote.isLite });
        this.#ice.setRemoteParams(params);
        for (const line of remote.candidates) {
            if (line.split(' ')[2].toLowerCase() !== 'udp') continue;
            this.#ice.addRemoteCandidate(candidateFromSdp(line))?.catch(() => {});
        }
        this.#ice.addRemoteCandidate(undefined);
        const { algorithm, value } = remote.fingerprint;
        const role = remote.setup === 'active' ? 'client' : remote.setup === 'passive' ? 'server' : 'auto';
        this.#dtls.setRemoteParams(new RTCDtlsParameters([new RTCDtlsFingerprint(algorithm, value)], role));
    }

    #start(role) {
        if (this.#isStarted) return;
        this.#isStarted = true;
        this.#dtls.role = role;
        const begin = async () => {
            await this.#ice.start();
            await this.#dtls.start();
            startSpeaking(this);
        };
        begin().catch((error) => (this.error = String(error.message ?? error)));
    }

    async #print(codecs) {
        this.#dtls.localCertificate ??= await makeCertificate();
        await this.#ice.gather();
        const { usernameFragment, password } = this.#ice.localParameters;
        const [fingerprint] = this.#dtls.localParameters.fingerprints;
        const candidates = this.#ice.localCandidates.map((candidate) => candidateToSdp(candidate));
        if (candidates.length === 0) throw new Error('no candidates of our own: is coturn up?');
        return printSdp({
            id: this.#id,
            version: ++this.#version,
            ufrag: usernameFragment,
            pwd: password,
            fingerprint,
            setup: this.#setup,
            mid: this.#remote?.mid ?? '0',
            direction: this.#local,
            candidates,
            codecs,
            ssrc: this.#ssrc,
        });
    }

    /** The direction of our last description, and of theirs. */
    get directions() {
        return { local: this.#local, remote: this.#remote?.direction ?? '' };
    }

    speak() {
        const codec = [...this.#codecs.keys()].find((name) => name !== 'telephone-event');
        const isSending = /^(sendrecv|sendonly)$/.test(this.#local) && /^(sendrecv|recvonly)$/.test(this.#remote?.direction ?? '');
        if (!codec || this.#dtls.state !== 'connected' || !isSending) return;
        for (const { codec: name, payload, timestamp, marker } of this.voice.next(codec)) {
            const payloadType = this.#codecs.get(name);
            if (payloadType === undefined) continue;
            this.#sequence = (this.#sequence + 1) & 0xffff;
            const header = new RtpHeader({ ssrc: this.#ssrc, sequenceNumber: this.#sequence, timestamp, marker, payloadType });
            this.#dtls.sendRtp(payload, header);
            this.#sent = { packets: this.#sent.packets + 1, bytes: this.#sent.bytes + payload.length, timestamp };
        }
        if (Date.now() >= this.#reportAt) this.#report();
    }

    #report() {
        this.#reportAt = Date.now() + REPORT_MS;
        const { packets, bytes, timestamp } = this.#sent;
        const senderInfo = new RtcpSenderInfo({
            ntpTimestamp: ntpTime(),
            rtpTimestamp: timestamp,
            packetCount: packets,
            octetCount: bytes,
        });
        this.#dtls.sendRtcp([new RtcpSrPacket({ ssrc: this.#ssrc, senderInfo })]).catch(() => {});
    }

    get isConnected() {
        return this.#dtls.state === 'connected';
    }

    /** @param {number} ms */
    measure(ms) {
        const pair = this.#ice.getSelectedCandidatePair();
        const type = (candidate) => / typ (\S+)/.exec(candidate.candidate)?.[1];
        return {
            ...this.meter.read(ms),
            sent: this.#sent.packets,
            ice: this.#ice.state,
            dtls: this.#dtls.state,
            pair: pair && { local: type(pair.local), remote: type(pair.remote) },
            directions: this.directions,
            error: this.error,
        };
    }

    /** A TURN server that is gone does not answer the farewell. */
    async close() {
        stopSpeaking(this);
        const stop = async () => {
            await this.#dtls.stop();
            await this.#ice.stop();
        };
        const limit = new Promise((done) => setTimeout(done, CLOSE_MS).unref());
        await Promise.race([stop().catch(() => {}), limit]);
    }
}

/** An endpoint without sockets: a description that looks right, silence behind it. For calls by the hundred. */
export class SilentEndpoint {
    #config;
    #id = String(random32());
    #version = 0;
    #setup = 'actpass';
    #local = 'sendrecv';
    #remote = '';
    #pwd = Array.from({ length: 24 }, () => 'abcdefghijkmnpqrstuvwxyz23456789'[random32() & 31]).join('');
    voice = new Voice();

    /** @param {EndpointConfig} config */
    constructor(config) {
        this.#config = config;
    }
    #print(codecs, mid) {
        const value = Array.from({ length: 32 }, (_, i) =>
            ((i * 37 + Number(this.#id[0])) & 255).toString(16).padStart(2, '0').toUpperCase(),
        ).join(':');
        return printSdp({
            id: this.#id,
            version: ++this.#version,
            ufrag: this.#pwd.slice(0, 4),
            pwd: this.#pwd,
            fingerprint: { algorithm: 'sha-256', value },
            setup: this.#setup,
            mid,
            direction: this.#local,
            candidates: ['1 1 udp 2130706431 127.0.0.1 9 typ host'], // the discard port: nobody answers
            codecs,
            ssrc: Number(this.#id),
        });
    }
    async offer(direction = 'sendrecv', codecs = this.#config.codecs) {
        this.#local = direction;
        return this.#print(
            codecs.map((name) => ({ name, pt: CODECS[name].pt })),
            '0',
        );
    }
    async answer(text, direction) {
        const remote = parseSdp(text);
        this.#remote = remote.direction;
        this.#local = direction ?? mirrored(remote.direction);
        this.#setup = this.#config.setup;
        return this.#print(
            remote.codecs.filter(({ name }) => this.#config.codecs.includes(name)),
            remote.mid ?? '0',
        );
    }
    async accept(text) {
        this.#remote = parseSdp(text).direction;
    }
    get directions() {
        return { local: this.#local, remote: this.#remote };
    }
    isConnected = false;
    error = '';
    measure() {
        return { packets: 0, recentPackets: 0, digits: '', ice: 'none', dtls: 'none', directions: this.directions };
    }
    async close() {}
}
