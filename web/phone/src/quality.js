/** How well a call is heard, from WebRTC's own figures, by a short form of the E-model (ITU-T G.107). */

/**
 * @typedef {object} Quality
 * @property {0 | 1 | 2 | 3 | 4} bars @property {number} mos  1 to 4.4
 * @property {number} lossPercent @property {number} jitterMs @property {number} rttMs @property {string} codec
 */

/** @param {number} lossPercent @param {number} jitterMs @param {number} rttMs @returns {number} 1 to 4.4 */
export function estimateMos(lossPercent, jitterMs, rttMs) {
    const delayMs = rttMs / 2 + jitterMs * 2 + 20;
    const delay = delayMs < 177.3 ? 0.024 * delayMs : 0.024 * delayMs + 0.11 * (delayMs - 177.3);
    const loss = (95 * lossPercent) / (lossPercent + 15);
    const r = Math.max(0, 93.2 - delay - loss);
    return r < 6.5 ? 1 : Math.min(4.4, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

/** @param {number} mos @returns {any} */
const barsOf = (mos) => [2.5, 3.1, 3.6, 4.0].filter((limit) => mos >= limit).length;

/**
 * Ask every two seconds how a connection is. @param {RTCPeerConnection} peer @param {(quality: Quality) => void} on
 * @returns {() => void} stops it
 */
export function watchQuality(peer, on) {
    let before = { received: 0, lost: 0 };
    const look = async () => {
        const stats = [...(await peer.getStats()).values()];
        const sound = stats.find((row) => row.type === 'inbound-rtp' && row.kind === 'audio');
        if (!sound) return;
        const pair = stats.find((row) => row.type === 'candidate-pair' && row.nominated && row.state === 'succeeded');
        const now = { received: sound.packetsReceived ?? 0, lost: Math.max(0, sound.packetsLost ?? 0) };
        const received = now.received - before.received;
        const lost = Math.max(0, now.lost - before.lost);
        before = now;
        if (received + lost === 0) return; // on hold: nothing to judge
        const lossPercent = (100 * lost) / (received + lost);
        const jitterMs = 1000 * (sound.jitter ?? 0);
        const rttMs = 1000 * (pair?.currentRoundTripTime ?? 0);
        const mos = estimateMos(lossPercent, jitterMs, rttMs);
        const codec = stats.find((row) => row.id === sound.codecId)?.mimeType?.replace('audio/', '') ?? '';
        on({ bars: barsOf(mos), mos, lossPercent, jitterMs, rttMs, codec });
    };
    const timer = setInterval(() => look().catch(() => {}), 2000);
    return () => clearInterval(timer);
}
