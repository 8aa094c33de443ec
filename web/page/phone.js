// @ts-check
/**
 * The page of one call at a time: draws what bridge.js says and opens the microphone. The address may say ?to=DESTINATION, ?codecs=opus,PCMU and ?processing=off.
 */
import { createBridge } from './bridge.js';
import { createEventLog } from './events.js';

/** @typedef {ReturnType<ReturnType<typeof createBridge>['dial']>} Call */

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const options = new URLSearchParams(location.search);
const events = createEventLog($('logs'), $('logCount'));
const log = events.add;
const KEYS = [
    ['1', ''], ['2', 'ABC'], ['3', 'DEF'], ['4', 'GHI'], ['5', 'JKL'], ['6', 'MNO'],
    ['7', 'PQRS'], ['8', 'TUV'], ['9', 'WXYZ'], ['*', ''], ['0', '+'], ['#', ''],
];

const state = {
    config: { default_destination: 'echo', https_port: 0, ice_servers: [], version: '', destinations: [] },
    /** @type {Call | null} */ call: null,
    /** @type {MediaStream | null} */ microphone: null,
    /** @type {AudioContext | null} */ audio: null,
    /** @type {(() => void)[]} what to stop when the call ends */ running: [],
    isMuted: false,
    dialled: '',
};

/* ---- the page's parts ---- */

/** @param {string} name @param {string} words */
function show(name, words) {
    document.body.dataset.state = name;
    document.body.toggleAttribute('data-call', ['calling', 'ringing', 'up'].includes(name));
    $('status').textContent = words;
    const isFree = ['ready', 'ended'].includes(name);
    $('callBtn').disabled = !isFree || bridge.state !== 'ready' || !canSpeak();
    $('hangupBtn').disabled = !['calling', 'ringing', 'up'].includes(name);
    $('incoming').hidden = name !== 'incoming';
    document.title = name === 'incoming' ? `☎ ${partyOf(state.call)} calls` : 'tandem phone';
}

/** @param {string} title @param {string} [text] @param {string} [href] */
function notice(title, text = '', href = '') {
    $('notice').hidden = !title;
    $('noticeTitle').textContent = title;
    $('noticeText').textContent = text;
    $('noticeLink').hidden = !href;
    $('noticeLink').href = $('noticeLink').textContent = href;
}

function canSpeak() {
    return window.isSecureContext && !!navigator.mediaDevices?.getUserMedia;
}

function explainInsecure() {
    if (canSpeak()) return;
    const port = state.config.https_port;
    const href = port ? `https://${location.hostname}${port === 443 ? '' : `:${port}`}${location.pathname}${location.search}` : '';
    const how = href
        ? 'Open the encrypted address instead; the browser may warn about its self-made certificate:'
        : 'Open this page by HTTPS, or on the gateway’s own machine as http://localhost.';
    notice('Browsers give no microphone to pages without encryption.', how, href);
}

/** @param {Call | null} call */
function partyOf(call) {
    if (!call) return '';
    if (call.isIncoming) return call.displayName || call.from || 'Somebody';
    return state.dialled || 'Default destination';
}

/** @param {number} ms */
function clock(ms) {
    const s = Math.floor(ms / 1000);
    const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
    return s < 3600 ? `${two(Math.floor(s / 60))}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/* ---- sound ---- */

const MICROPHONE_ERRORS = {
    NotAllowedError: ['The browser may not use the microphone.', 'Allow it by the icon beside the address, then press Start Call again.'],
    NotFoundError: ['No microphone was found.', 'Connect one, then press Start Call again.'],
    NotReadableError: ['The microphone is in use.', 'Another program holds it; close that one and try again.'],
    OverconstrainedError: ['The chosen microphone is gone.', 'Choose another one in Settings.'],
};

async function openMicrophone() {
    const clean = options.get('processing') === 'off' ? false : $('processing').checked;
    const deviceId = $('microphone').value;
    const audio = { echoCancellation: clean, noiseSuppression: clean, autoGainControl: clean, ...(deviceId && { deviceId: { exact: deviceId } }) };
    try {
        const stream = await navigator.mediaDevices.getUserMedia({ audio, video: false });
        notice('');
        log('The microphone is open.');
        listMicrophones();
        return stream;
    } catch (error) {
        const [title, text] = MICROPHONE_ERRORS[error.name] ?? ['The microphone cannot be opened.', String(error.message)];
        notice(title, text);
        log(`${title} ${text}`, null, true);
        return null;
    }
}

/** Names of microphones are known only once one was allowed. */
async function listMicrophones() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const select = $('microphone');
    const chosen = select.value;
    const named = devices.filter((device) => device.kind === 'audioinput' && device.deviceId && device.label);
    select.replaceChildren(new Option('The browser’s choice', ''), ...named.map((device) => new Option(device.label, device.deviceId)));
    select.value = named.some((device) => device.deviceId === chosen) ? chosen : '';
}

function openAudio() {
    state.audio ??= new AudioContext();
    if (state.audio.state === 'suspended') state.audio.resume().catch(() => {});
    return state.audio;
}

/** Show how loud a stream is, -60 to 0 dB, until the call ends. @param {MediaStream} stream @param {string} id */
function meter(stream, id) {
    const audio = openAudio();
    const source = audio.createMediaStreamSource(stream);
    const analyser = audio.createAnalyser();
    const bar = $(id);
    const samples = new Float32Array((analyser.fftSize = 1024));
    let shown = -60;
    source.connect(analyser);
    const draw = () => {
        analyser.getFloatTimeDomainData(samples);
        const power = samples.reduce((sum, v) => sum + v * v, 0) / samples.length;
        const level = Math.max(-60, Math.min(0, 10 * Math.log10(power + 1e-9)));
        shown = Math.max(level, shown - 2); // falls slowly, as needles do
        bar.firstElementChild.style.clipPath = `inset(0 ${-shown / 0.6}% 0 0)`;
        bar.setAttribute('aria-valuenow', shown.toFixed(0));
    };
    const timer = setInterval(draw, 50);
    state.running.push(() => {
        clearInterval(timer);
        source.disconnect();
        bar.firstElementChild.style.clipPath = '';
        bar.setAttribute('aria-valuenow', '-60');
    });
}

/** Ring until `stop()`: two tones, on and off. @param {number[]} hz @param {number} onS @param {number} offS */
function ring(hz, onS, offS) {
    const audio = openAudio();
    const gain = audio.createGain();
    const tones = hz.map((frequency) => new OscillatorNode(audio, { frequency }));
    gain.gain.value = 0;
    tones.forEach((tone) => (tone.connect(gain), tone.start()));
    gain.connect(audio.destination);
    const beat = () => {
        gain.gain.setTargetAtTime(0.06, audio.currentTime, 0.01);
        gain.gain.setTargetAtTime(0, audio.currentTime + onS, 0.01);
    };
    beat();
    const timer = setInterval(beat, (onS + offS) * 1000);
    return () => {
        clearInterval(timer);
        tones.forEach((tone) => tone.stop());
        gain.disconnect();
    };
}

let stopRing = () => {};
/** @param {'ringback' | 'bell' | ''} kind */
function setRing(kind) {
    stopRing();
    stopRing = () => {};
    if (kind === 'ringback') stopRing = ring([440, 480], 2, 4);
    if (kind === 'bell') stopRing = ring([660, 880], 0.9, 1.4);
}

/* ---- the call ---- */

const callEvents = (/** @type {() => Call} */ self) => ({
    onState: (name, cause) => onCallState(self(), name, cause),
    onStream: (stream) => {
        $('remoteAudio').srcObject = stream;
        $('remoteAudio').play().catch(() => notice('The browser holds the sound back.', 'Click anywhere on this page to hear the call.'));
        meter(stream, 'heardMeter');
    },
    onMedia: (name) => log(`The audio connection is ${name}.`, null, name === 'failed'),
    onDigit: (digit) => ($('digits').textContent = `Far end pressed ${digit}`),
    onStats: (stats) => showQuality(self(), stats),
});

const CALL_SHOWS = {
    calling: () => show('calling', 'Calling…'),
    answering: () => show('calling', 'Answering…'),
    ringing: () => (show('ringing', 'Ringing…'), setRing('ringback')),
    early: () => (show('ringing', 'Ringing…'), setRing('')),
    up: () => onUp(),
};

/** @param {Call} call @param {string} name @param {any} cause */
function onCallState(call, name, cause) {
    if (call !== state.call) return;
    if (name === 'ended') onEnded(call, cause);
    else CALL_SHOWS[name]?.();
}

function onUp() {
    const call = /** @type {Call} */ (state.call);
    setRing('');
    show('up', 'In call');
    const tick = () => ($('timer').textContent = clock(performance.now() - call.upMs));
    const ask = () => call.askStats();
    tick();
    const timers = [setInterval(tick, 250), setInterval(ask, 2000)];
    state.running.push(() => timers.forEach(clearInterval));
    if (document.activeElement === document.body || document.activeElement === $('callBtn')) $('hangupBtn').focus();
}

/** @param {Call} call @param {any} cause */
function onEnded(call, cause) {
    const wasIncoming = document.body.dataset.state === 'incoming';
    setRing('');
    state.running.splice(0).forEach((stop) => stop());
    state.microphone?.getTracks().forEach((track) => track.stop());
    state.microphone = null;
    state.call = null;
    setMuted(false);
    setKeypad(false);
    $('remoteAudio').srcObject = null;
    $('timer').textContent = $('digits').textContent = $('quality').textContent = '';
    const missed = wasIncoming && cause.by !== 'local';
    const words = missed ? `Missed call from ${partyOf(call)}.` : `Call ended: ${cause.text}`;
    log(call.upMs ? `${words} It lasted ${clock(cause.durationMs)}.` : words);
    if (bridge.state === 'ready') show('ended', words);
    else showLink(bridge.state, 0, `${words} `);
}

async function dial() {
    if (state.call || bridge.state !== 'ready') return;
    state.dialled = $('destination').value.trim();
    show('calling', 'Opening the microphone…');
    $('party').textContent = state.dialled || 'Default destination';
    openAudio(); // now, as the click allows it
    const stream = await openMicrophone();
    const wasCancelled = document.body.dataset.state !== 'calling' || state.call;
    if (!stream || wasCancelled) {
        stream?.getTracks().forEach((track) => track.stop());
        if (!wasCancelled) showLink(bridge.state, 0);
        return;
    }
    state.microphone = stream;
    meter(stream, 'sentMeter');
    const iceServers = state.config.ice_servers;
    const call = bridge.dial({ stream, destination: state.dialled || undefined, codecs: codecs(), ...(iceServers.length && { iceServers }) }, callEvents(() => call));
    state.call = call;
    show('calling', 'Calling…');
}

function codecs() {
    return (options.get('codecs') ?? '').split(',').filter(Boolean);
}

function hangup() {
    if (state.call) state.call.hangup();
    else if (document.body.dataset.state === 'calling') showLink(bridge.state, 0); // the microphone was still asked for
}

/** @param {Call} call */
function onIncoming(call) {
    if (state.call || document.body.hasAttribute('data-call')) {
        call.reject(486, 'Busy');
        return;
    }
    state.call = call;
    call.listen(callEvents(() => call));
    $('incomingFrom').textContent = partyOf(call);
    $('incomingTo').textContent = call.displayName && call.from ? call.from : '';
    show('incoming', 'Incoming call');
    setRing('bell');
    $('answerBtn').focus();
}

async function answer() {
    const call = state.call;
    if (!call || call.state !== 'incoming') return;
    setRing('');
    openAudio();
    const stream = await openMicrophone();
    if (call.state !== 'incoming') {
        stream?.getTracks().forEach((track) => track.stop());
    } else if (!stream) {
        call.reject(480, 'No microphone');
    } else {
        state.microphone = stream;
        $('party').textContent = partyOf(call);
        meter(stream, 'sentMeter');
        await call.answer({ stream, codecs: codecs() });
    }
}

/** @param {boolean} on */
function setMuted(on) {
    state.isMuted = on;
    state.call?.mute(on);
    $('muteBtn').setAttribute('aria-pressed', String(on));
    $('muteBtn').querySelector('span').textContent = on ? 'Unmute' : 'Mute';
    $('muteBtn').querySelector('use').setAttribute('href', on ? '#i-mic-off' : '#i-mic');
    if (state.call) {
        $('status').textContent = on ? 'In call, microphone off' : 'In call';
        log(on ? 'The microphone is off.' : 'The microphone is on.');
    }
}

/** @param {boolean} on */
function setKeypad(on) {
    $('keypad').hidden = !on;
    $('keypadBtn').setAttribute('aria-expanded', String(on));
}

let pressed = '';
/** @param {string} key */
function press(key) {
    if (state.call?.state !== 'up') return;
    state.call.sendDigits(key);
    pressed = $('digits').textContent === pressed ? (pressed + key).slice(-24) : key;
    $('digits').textContent = pressed;
    const button = $('keypad').querySelector(`[data-key="${key}"]`);
    button.classList.add('down');
    setTimeout(() => button.classList.remove('down'), 140);
}

/** The gateway knows what it receives of us; the browser what it receives. @param {Call} call @param {any} stats */
async function showQuality(call, stats) {
    let heard = { jitter: 0, packetsLost: 0 };
    let rtt = stats.rtt;
    for (const row of (await call.peer?.getStats())?.values() ?? []) {
        if (row.type === 'inbound-rtp') heard = row;
        if (row.type === 'candidate-pair' && row.nominated) rtt ??= row.currentRoundTripTime * 1000;
    }
    if (call.state !== 'up') return;
    const ms = (/** @type {number | null | undefined} */ value) => (value == null ? '–' : `${Math.round(value)} ms`);
    const codec = stats.codec ?? call.codec ?? '';
    const parts = [
        codec.slice(0, 1).toUpperCase() + codec.slice(1) + (stats.transcoding ? ' (converted)' : ''),
        `round trip ${ms(rtt)}`,
        `jitter ↓ ${ms(heard.jitter * 1000)} ↑ ${ms(stats.jitter)}`,
        `lost ↓ ${heard.packetsLost} ↑ ${stats.loss ?? 0}`,
    ];
    $('quality').textContent = parts.filter(Boolean).join(' · ');
}

/* ---- the connection ---- */

const LINK_WORDS = { connecting: 'Connecting…', ready: 'Ready', waiting: 'Not connected', closed: 'Closed' };

/** @param {import('./bridge.js').BridgeState} name @param {number} retryMs @param {string} [before] */
function showLink(name, retryMs, before = '') {
    const wait = retryMs >= 1000 ? `, next try in ${Math.round(retryMs / 1000)} s` : '';
    $('link').dataset.link = name;
    $('linkText').textContent = name === 'ready' && bridge.user ? `Ready as ${bridge.user}` : LINK_WORDS[name] + wait;
    if (state.call) return;
    $('party').textContent = '';
    if (name === 'ready') show('ready', `${before}Ready`);
    else show(name, before + (name === 'waiting' ? `The gateway does not answer${wait}.` : LINK_WORDS[name]));
}

let wasReady = false;
const bridge = createBridge(
    { url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/bridge` },
    {
        onState: (name, retryMs) => {
            if (name === 'ready') log('Connected to the gateway.');
            if (name === 'waiting' && wasReady) log('The connection to the gateway was lost.', null, true);
            wasReady = name === 'ready';
            showLink(name, retryMs);
        },
        onMessage: events.addMessage,
        onIncoming,
        onRegistered: (user, error) => {
            if (error) sessionStorage.removeItem('token');
            $('registerBtn').textContent = user ? 'Stop' : 'Register';
            $('registerHelp').textContent = error || (user ? `Calls for ${user} ring here.` : 'No calls ring here.');
            if (!state.call) showLink(bridge.state, 0);
        },
    },
);

/** @param {Event} event */
function onRegister(event) {
    event.preventDefault();
    const token = $('token').value.trim();
    if (bridge.user) {
        sessionStorage.removeItem('token');
        bridge.unregister();
    } else if (token) {
        sessionStorage.setItem('token', token);
        $('token').value = '';
        bridge.register(token);
    }
}

/** @param {KeyboardEvent} event */
function onKey(event) {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select');
    const isKey = KEYS.some(([key]) => key === event.key);
    if (!isTyping && isKey && !event.ctrlKey && !event.metaKey && !event.altKey) press(event.key);
}

function fill() {
    const { destinations, default_destination: fallback, version } = state.config;
    $('destination').value ||= options.get('to') ?? fallback;
    $('destination').placeholder = fallback || 'The provider’s own destination';
    $('known').replaceChildren(...destinations.map((name) => new Option('', name)));
    $('chips').replaceChildren(
        ...destinations.slice(0, 6).map((name) => {
            const chip = document.createElement('button');
            chip.type = 'button';
            chip.textContent = name;
            chip.onclick = () => (($('destination').value = name), $('callBtn').focus());
            return chip;
        }),
    );
    $('version').textContent = version && `tandem ${version}`;
    explainInsecure();
}

async function loadConfig() {
    try {
        const response = await fetch('bridge/config');
        if (response.ok) Object.assign(state.config, await response.json());
    } catch {
        log('The gateway’s settings could not be read.', null, true);
    }
    fill();
}

function start() {
    for (const [key, letters] of KEYS) {
        const button = document.createElement('button');
        button.type = 'button';
        button.dataset.key = key;
        button.setAttribute('aria-label', { '*': 'star', '#': 'pound' }[key] ?? key);
        button.append(key, Object.assign(document.createElement('small'), { textContent: letters }));
        button.onclick = () => press(key);
        $('keypad').append(button);
    }
    $('dialForm').onsubmit = (event) => (event.preventDefault(), dial());
    $('hangupBtn').onclick = hangup;
    $('answerBtn').onclick = answer;
    $('declineBtn').onclick = () => state.call?.reject();
    $('muteBtn').onclick = () => setMuted(!state.isMuted);
    $('keypadBtn').onclick = () => setKeypad($('keypad').hidden);
    $('registerForm').onsubmit = onRegister;
    $('clearLog').onclick = events.clear;
    $('copyLog').onclick = () => navigator.clipboard?.writeText($('logs').innerText);
    $('drawer').open = matchMedia('(min-width: 860px)').matches;
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', () => $('remoteAudio').srcObject && $('remoteAudio').play().catch(() => {}));
    window.addEventListener('online', () => bridge.retry());
    window.addEventListener('pagehide', () => state.call?.hangup());
    const token = sessionStorage.getItem('token');
    if (token) bridge.register(token);
    loadConfig();
}

start();
