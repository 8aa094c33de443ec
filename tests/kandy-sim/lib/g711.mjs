/** G.711 (ITU-T): one byte a sample, µ-law and A-law, from and to samples of -1 to 1. */

function ulawToLinear(byte) {
    const value = ~byte & 0xff;
    const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
    return value & 0x80 ? 0x84 - magnitude : magnitude - 0x84;
}

function alawToLinear(byte) {
    const value = byte ^ 0x55;
    const exponent = (value & 0x70) >> 4;
    const mantissa = (value & 0x0f) << 4;
    const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
    return value & 0x80 ? magnitude : -magnitude;
}

/** The nearest byte for each 16-bit sample, found once from the decoder. */
function makeTables(toLinear) {
    const decode = Float32Array.from({ length: 256 }, (_, byte) => toLinear(byte) / 32768);
    const levels = Array.from({ length: 256 }, (_, byte) => ({ byte, value: toLinear(byte) })).sort((a, b) => a.value - b.value);
    const encode = new Uint8Array(65536);
    for (let i = 0, sample = -32768; sample < 32768; sample++) {
        while (i < 255 && Math.abs(levels[i + 1].value - sample) <= Math.abs(levels[i].value - sample)) i++;
        encode[sample + 32768] = levels[i].byte;
    }
    return { decode, encode };
}

const tables = { PCMU: makeTables(ulawToLinear), PCMA: makeTables(alawToLinear) };

/** @param {string} codec  PCMU or PCMA @param {Uint8Array} bytes */
export const decode = (codec, bytes) => Float32Array.from(bytes, (byte) => tables[codec].decode[byte]);

/** @param {string} codec @param {Float32Array} samples */
export const encode = (codec, samples) =>
    Buffer.from(Uint8Array.from(samples, (v) => tables[codec].encode[Math.max(0, Math.min(65535, Math.round(v * 32768) + 32768))]));
