/** What an endpoint hears: RTP packets of G.711 and telephone-event in, figures out. */
import { findKeys, levelDb, measureTone } from '../../interop/lib/wav.mjs';
import { decode } from './g711.mjs';

const KEPT_MS = 20000;
const KEYS = '0123456789*#ABCD';
const RATE_HZ = 8000;

export class Meter {
    #blocks = /** @type {{at: number, timestamp: number, samples: Float32Array}[]} */ ([]);
    #first = -1;
    #highest = -1;
    #lastEvent = -1;
    packets = 0;
    codec = '';
    digits = '';

    /** @param {any} packet  of werift @param {string} codec  of its payload type, or '' */
    feed({ header, payload }, codec) {
        this.packets++;
        this.#count(header.sequenceNumber);
        if (codec === 'telephone-event') this.#event(header.timestamp, payload);
        if (codec !== 'PCMU' && codec !== 'PCMA') return;
        this.codec = codec;
        const now = Date.now();
        this.#blocks.push({ at: now, timestamp: header.timestamp, samples: decode(codec, payload) });
        while (this.#blocks[0].at < now - KEPT_MS) this.#blocks.shift();
    }

    /** RFC 3550 A.3: how far the numbers went, round the corner included. */
    #count(sequence) {
        if (this.#first < 0) this.#first = this.#highest = sequence;
        const step = (sequence - this.#highest) & 0xffff;
        if (step < 0x8000) this.#highest += step;
    }

    /** RFC 4733 2.3: all packets of one key carry the timestamp of its beginning. */
    #event(timestamp, payload) {
        if (payload.length < 4 || timestamp === this.#lastEvent) return;
        this.#lastEvent = timestamp;
        this.digits += KEYS[payload[0]] ?? '?';
    }

    get lost() {
        return Math.max(0, this.#highest - this.#first + 1 - this.packets) * (this.packets > 0 ? 1 : 0);
    }

    /** Another sender begins: its numbers are its own. */
    restart() {
        this.#first = this.#highest = -1;
        this.packets = 0;
        this.#blocks = [];
    }

    /** In the order in which they were spoken; a key's time, or a lost packet's, is silence. @returns {import('../../interop/lib/wav.mjs').Sound} */
    #sound(blocks) {
        if (blocks.length === 0) return { samples: new Float32Array(0), rateHz: RATE_HZ };
        const sorted = blocks.map((b) => ({ ...b, from: (b.timestamp - blocks[0].timestamp) | 0 })).sort((a, b) => a.from - b.from);
        const begin = sorted[0].from;
        const last = sorted[sorted.length - 1];
        const samples = new Float32Array(Math.min(last.from - begin + last.samples.length, (KEPT_MS * 2 * RATE_HZ) / 1000));
        for (const block of sorted)
            if (block.from - begin + block.samples.length <= samples.length) samples.set(block.samples, block.from - begin);
        return { samples, rateHz: RATE_HZ };
    }

    /** Of the last `ms`; few of them, for while this counts nobody speaks. */
    read(ms) {
        const recent = this.#blocks.filter((block) => block.at >= Date.now() - ms);
        const sound = this.#sound(recent);
        const tone = measureTone(sound);
        return {
            hz: tone.hz,
            level: tone.levelDb,
            purity: tone.purity,
            rms: levelDb(sound.samples),
            packets: this.packets,
            recentPackets: recent.length,
            lost: this.lost,
            codec: this.codec,
            digits: this.digits,
            inbandDigits: findKeys(sound),
        };
    }
}
