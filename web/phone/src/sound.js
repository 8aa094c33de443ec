/** Microphone, speaker, ringing: everything the person hears that is not the far end's voice, and who hears it where. */
import { getState, setState } from './store.js';

/** @param {string} [deviceId] @returns {MediaTrackConstraints} */
function constraints(deviceId) {
    const { processing } = getState().settings;
    return {
        ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
        echoCancellation: processing,
        noiseSuppression: processing,
        autoGainControl: processing,
    };
}

/** The chosen microphone, or any when that one is unplugged. Throws getUserMedia's own error. @returns {Promise<MediaStream>} */
export async function openMicrophone() {
    if (!navigator.mediaDevices) throw new DOMException('no secure context', 'NotSupportedError');
    const { microphone } = getState().settings;
    try {
        return await navigator.mediaDevices.getUserMedia({ audio: constraints(microphone) });
    } catch (error) {
        if (!microphone || !/OverconstrainedError|NotFoundError/.test(/** @type {Error} */ (error).name)) throw error;
        return navigator.mediaDevices.getUserMedia({ audio: constraints() });
    } finally {
        listDevices();
    }
}

/** Names are known only once the microphone was allowed. */
export async function listDevices() {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const of = (/** @type {string} */ kind) =>
        all.filter((device) => device.kind === kind && device.deviceId).map(({ deviceId, label }) => ({ id: deviceId, label }));
    setState({ devices: { inputs: of('audioinput'), outputs: of('audiooutput') } });
}
navigator.mediaDevices?.addEventListener?.('devicechange', listDevices);

/** @param {any} sink  an element or an AudioContext @param {string} deviceId */
export const routeTo = (sink, deviceId) => sink.setSinkId?.(deviceId).catch(() => {});

/** An audio element for the far end's voice. @param {MediaStream} stream */
export function playStream(stream) {
    const element = new Audio();
    element.srcObject = stream;
    routeTo(element, getState().settings.speaker);
    element.play().catch(() => {});
    return element;
}

/** @type {AudioContext | undefined} */
let context;
/** One for all; browsers start it only after a click. */
export function audioContext() {
    context ??= new AudioContext();
    if (context.state === 'suspended') context.resume().catch(() => {});
    return context;
}

/** [frequencies, seconds on, seconds of the whole], repeated. */
const PATTERNS = {
    ring: [[440, 480], 1.2, 3.2, 'ringer'],
    ringback: [[440, 480], 1.5, 5, 'speaker'], // ITU-T E.180: the tone a caller knows
    waiting: [[440], 0.25, 4, 'speaker'],
    busy: [[480, 620], 0.5, 1, 'speaker'],
};

/** @type {{name: string, stop: () => void} | null} */
let playing = null;

/** One of the patterns, or silence. @param {keyof typeof PATTERNS | null} name */
export function playPattern(name) {
    if (playing?.name === (name ?? undefined)) return;
    playing?.stop();
    playing = name ? { name, stop: startPattern(name) } : null;
}

/** @param {keyof typeof PATTERNS} name @returns {() => void} */
function startPattern(name) {
    const [frequencies, on, whole, device] = /** @type {[number[], number, number, string]} */ (PATTERNS[name]);
    const audio = audioContext();
    const { settings } = getState();
    routeTo(audio, settings[device]);
    const gain = audio.createGain();
    gain.gain.value = 0;
    gain.connect(audio.destination);
    const tones = frequencies.map((hz) => {
        const tone = audio.createOscillator();
        tone.frequency.value = hz;
        tone.connect(gain);
        tone.start();
        return tone;
    });
    const level = name === 'ring' ? 0.25 * settings.ringVolume : 0.06;
    const beat = () => {
        const now = audio.currentTime;
        gain.gain.setTargetAtTime(level, now, 0.02);
        gain.gain.setTargetAtTime(0, now + on, 0.02);
    };
    beat();
    const timer = setInterval(beat, whole * 1000);
    return () => {
        clearInterval(timer);
        tones.forEach((tone) => tone.stop());
        gain.disconnect();
    };
}

const KEY_HZ = { row: [697, 770, 852, 941], column: [1209, 1336, 1477] };
/** What a key sounds like to the one who presses it (ITU-T Q.23). @param {string} key */
export function playKey(key) {
    const place = '123456789*0#'.indexOf(key);
    if (place < 0) return;
    const audio = audioContext();
    const gain = audio.createGain();
    gain.gain.value = 0.05;
    gain.connect(audio.destination);
    for (const hz of [KEY_HZ.row[Math.floor(place / 3)], KEY_HZ.column[place % 3]]) {
        const tone = audio.createOscillator();
        tone.frequency.value = hz;
        tone.connect(gain);
        tone.start();
        tone.stop(audio.currentTime + 0.12);
    }
    setTimeout(() => gain.disconnect(), 300);
}

/** A short tone out of one device, to hear which it is. @param {string} deviceId */
export async function playTest(deviceId) {
    const audio = new AudioContext();
    await routeTo(audio, deviceId);
    const gain = audio.createGain();
    gain.gain.value = 0.15;
    gain.connect(audio.destination);
    [523.25, 659.25, 783.99].forEach((hz, i) => {
        const tone = audio.createOscillator();
        tone.frequency.value = hz;
        tone.connect(gain);
        tone.start(audio.currentTime + i * 0.2);
        tone.stop(audio.currentTime + i * 0.2 + 0.18);
    });
    setTimeout(() => audio.close(), 1200);
}

/**
 * How loud a stream is, many times a second. @param {MediaStream} stream @param {(level: number) => void} on  0 to 1
 * @returns {() => void} stops it
 */
export function watchLevel(stream, on) {
    if (!stream.getAudioTracks().length) return () => {};
    const audio = audioContext();
    const source = audio.createMediaStreamSource(stream);
    const analyser = audio.createAnalyser();
    analyser.fftSize = 1024;
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const look = () => {
        analyser.getFloatTimeDomainData(samples);
        const rms = Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length);
        on(Math.max(0, Math.min(1, (20 * Math.log10(rms + 1e-6) + 60) / 60)));
    };
    const timer = setInterval(look, 60);
    return () => {
        clearInterval(timer);
        source.disconnect();
    };
}

/**
 * Record both voices of a call into one file. @param {MediaStream[]} streams
 * @returns {{stop: () => Promise<Blob>}}
 */
export function startRecorder(streams) {
    const audio = audioContext();
    const mixed = audio.createMediaStreamDestination();
    const sources = streams.map((stream) => audio.createMediaStreamSource(stream));
    sources.forEach((source) => source.connect(mixed));
    const type = ['audio/webm;codecs=opus', 'audio/mp4', ''].find((name) => !name || MediaRecorder.isTypeSupported(name));
    const recorder = new MediaRecorder(mixed.stream, type ? { mimeType: type } : {});
    /** @type {Blob[]} */
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.start(1000);
    const stop = () =>
        new Promise((/** @type {(sound: Blob) => void} */ done) => {
            recorder.onstop = () => {
                sources.forEach((source) => source.disconnect());
                done(new Blob(parts, { type: recorder.mimeType }));
            };
            recorder.stop();
        });
    return { stop };
}
