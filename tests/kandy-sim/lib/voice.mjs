/** What an endpoint says, 20 ms at a time: a tone, keys as events (RFC 4733) or as tones. */
import { encode } from './g711.mjs';

const KEYS = '0123456789*#ABCD';
const ROWS_HZ = [697, 770, 852, 941];
const COLUMNS_HZ = [1209, 1336, 1477, 1633];
const PAD = '123A456B789C*0#D';
const SAMPLES = 160;
const EVENT_VOLUME = 10; // -10 dBm0

export class Voice {
    #phase = 0;
    #timestamp = Math.floor(Math.random() * 0xffffffff);
    #keys = /** @type {{key: string, ticks: number, gap: number, how: string, tick: number, start: number}[]} */ ([]);
    tone = { hz: 0, level: -120 };

    /** @param {string} keys */
    press(keys, { how = 'rfc4733', ms = 100, gapMs = 60 } = {}) {
        for (const key of keys.toUpperCase())
            this.#keys.push({
                key,
                ticks: Math.max(2, Math.round(ms / 20)),
                gap: Math.max(1, Math.round(gapMs / 20)),
                how,
                tick: 0,
                start: 0,
            });
    }

    get isPressing() {
        return this.#keys.length > 0;
    }

    /** The packets of the next 20 ms. @returns {{codec: string, payload: Buffer, timestamp: number, marker: boolean}[]} */
    next(codec) {
        const timestamp = this.#timestamp;
        this.#timestamp = (timestamp + SAMPLES) >>> 0;
        const key = this.#keys[0];
        if (!key) return [this.#audio(codec, timestamp, [this.tone])];
        const tick = key.tick++;
        if (key.tick >= key.ticks + key.gap) this.#keys.shift();
        if (tick >= key.ticks) return [this.#audio(codec, timestamp, [])];
        if (key.how === 'inband') return [this.#audio(codec, timestamp, this.#pair(key.key))];
        if (tick === 0) key.start = timestamp;
        return this.#event(key, tick);
    }

    /** The last packet of a key is sent three times (RFC 4733 2.5.1.4). */
    #event(key, tick) {
        const isLast = tick === key.ticks - 1;
        const payload = Buffer.from([KEYS.indexOf(key.key), (isLast ? 0x80 : 0) | EVENT_VOLUME, 0, 0]);
        payload.writeUInt16BE((tick + 1) * SAMPLES, 2);
        const packet = { codec: 'telephone-event', payload, timestamp: key.start, marker: tick === 0 };
        return isLast ? [packet, packet, packet] : [packet];
    }

    #pair(key) {
        const at = PAD.indexOf(key);
        return [
            { hz: ROWS_HZ[at >> 2], level: -9 },
            { hz: COLUMNS_HZ[at & 3], level: -9 },
        ];
    }

    #audio(codec, timestamp, tones) {
        const samples = new Float32Array(SAMPLES);
        for (const { hz, level } of tones) {
            if (!hz) continue;
            const peak = 10 ** (level / 20);
            for (let i = 0; i < SAMPLES; i++) samples[i] += peak * Math.sin((2 * Math.PI * hz * (this.#phase + i)) / 8000);
        }
        this.#phase += SAMPLES;
        return { codec, payload: encode(codec, samples), timestamp, marker: false };
    }
}
