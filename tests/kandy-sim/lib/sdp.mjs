/** Session descriptions of one audio stream over WebRTC (RFC 8866, RFC 8829): read, checked, written. */

export const CODECS = {
    PCMU: { pt: 0, rtpmap: 'PCMU/8000' },
    PCMA: { pt: 8, rtpmap: 'PCMA/8000' },
    'telephone-event': { pt: 101, rtpmap: 'telephone-event/8000', fmtp: '0-15' },
};
const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
const ANSWERED = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' };

/** What an answer says to that direction, if it is content with it. @param {string} direction */
export const mirrored = (direction) => ANSWERED[direction];

/** @param {string} text */
export function parseSdp(text) {
    const lines = text.split(/\r\n|\n/).filter(Boolean);
    const at = lines.findIndex((line) => line.startsWith('m='));
    const session = lines.slice(0, at < 0 ? lines.length : at);
    const media = at < 0 ? [] : lines.slice(at);
    const all = (name) => [...media, ...session].filter((line) => line.startsWith(`a=${name}:`)).map((line) => line.slice(name.length + 3));
    const [kind, port, protocol, ...types] = (media[0] ?? '').slice(2).split(' ');
    const maps = new Map(all('rtpmap').map((value) => value.split(/ (.*)/)));
    const named = { 0: 'PCMU/8000', 8: 'PCMA/8000', 9: 'G722/8000', 13: 'CN/8000' }; // RFC 3551
    const codecs = types.map((pt) => {
        const [name, rate] = (maps.get(pt) ?? named[pt] ?? `unknown-${pt}/8000`).split('/');
        return { pt: Number(pt), name, rate: Number(rate) };
    });
    const [algorithm, value] = (all('fingerprint')[0] ?? '').split(' ');
    const direction = [...media, ...session].map((line) => line.slice(2)).find((line) => DIRECTIONS.includes(line)) ?? 'sendrecv';
    return {
        lines,
        kind,
        port: Number(port),
        protocol,
        codecs,
        direction,
        mediaCount: lines.filter((line) => line.startsWith('m=')).length,
        ufrag: all('ice-ufrag')[0],
        pwd: all('ice-pwd')[0],
        setup: all('setup')[0],
        mid: all('mid')[0],
        fingerprint: algorithm ? { algorithm, value } : null,
        candidates: all('candidate'),
        hasMux: media.includes('a=rtcp-mux'),
        isLite: lines.includes('a=ice-lite'),
    };
}

/**
 * What a carrier's WebRTC side would not take (RFC 8829, 8839, 8842; kandy.md 3.6 and 4.6: complete, no
 * trickle, three codecs). @param {string} text @param {boolean} isOffer @returns {string[]}
 */
export function checkSdp(text, isOffer, { strictCodecs = true } = {}) {
    if (typeof text !== 'string' || !text.startsWith('v=0')) return ['sdp: does not begin with v=0'];
    const sdp = parseSdp(text);
    const allowed = Object.keys(CODECS);
    const extra = sdp.codecs.map((codec) => codec.name).filter((name) => !allowed.includes(name));
    const rules = [
        [sdp.lines.some((line) => !/^[a-z]=/.test(line)), 'a line without type='],
        [!text.endsWith('\r\n'), 'does not end with CRLF'],
        [/[^\r]\n/.test(text), 'a line ends without CR'],
        [!['o=', 's=', 't='].every((type) => sdp.lines.some((line) => line.startsWith(type))), 'o=, s= or t= is missing'],
        [sdp.mediaCount !== 1 || sdp.kind !== 'audio', 'one audio section is expected'],
        [sdp.port === 0, 'the audio section is rejected (port 0)'],
        [!/^UDP\/TLS\/RTP\/SAVPF?$/.test(sdp.protocol ?? ''), `the profile is ${sdp.protocol}, not UDP/TLS/RTP/SAVPF`],
        [!/^[A-Za-z0-9+/]{4,256}$/.test(sdp.ufrag ?? ''), 'no usable ice-ufrag'],
        [!/^[A-Za-z0-9+/]{22,256}$/.test(sdp.pwd ?? ''), 'no usable ice-pwd'],
        [!/^([0-9A-F]{2}:){19,63}[0-9A-F]{2}$/.test(sdp.fingerprint?.value ?? ''), 'no usable fingerprint'],
        [isOffer && sdp.setup !== 'actpass', `an offer's setup is actpass, not ${sdp.setup} (RFC 8842 5.2)`],
        [!isOffer && !/^(active|passive)$/.test(sdp.setup ?? ''), `an answer's setup is active or passive, not ${sdp.setup}`],
        [!sdp.hasMux, 'no rtcp-mux'],
        [sdp.candidates.length === 0, 'no candidate: this SDP is not complete'],
        [strictCodecs && extra.length > 0, `codecs beyond PCMU, PCMA and telephone-event: ${extra.join(', ')}`],
        [!sdp.codecs.some((codec) => /^PCM[UA]$/.test(codec.name)), 'neither PCMU nor PCMA'],
    ];
    return rules.filter(([isBad]) => isBad).map(([, text]) => `sdp: ${text}`);
}

/**
 * @param {{id: string, version: number, ufrag: string, pwd: string, fingerprint: {algorithm: string, value: string},
 *     setup: string, mid: string, direction: string, candidates: string[], codecs: {pt: number, name: string}[], ssrc: number}} config
 */
export function printSdp({ id, version, ufrag, pwd, fingerprint, setup, mid, direction, candidates, codecs, ssrc }) {
    const [first] = candidates.map((candidate) => candidate.split(' '));
    return [
        'v=0',
        `o=- ${id} ${version} IN IP4 127.0.0.1`,
        's=-',
        't=0 0',
        `a=group:BUNDLE ${mid}`,
        'a=msid-semantic:WMS *',
        `m=audio ${first?.[5] ?? 9} UDP/TLS/RTP/SAVPF ${codecs.map((codec) => codec.pt).join(' ')}`,
        `c=IN IP4 ${first?.[4] ?? '0.0.0.0'}`,
        `a=ice-ufrag:${ufrag}`,
        `a=ice-pwd:${pwd}`,
        `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
        `a=setup:${setup}`,
        `a=mid:${mid}`,
        `a=${direction}`,
        'a=rtcp-mux',
        ...codecs.map((codec) => `a=rtpmap:${codec.pt} ${CODECS[codec.name].rtpmap}`),
        ...codecs.filter((codec) => CODECS[codec.name].fmtp).map((codec) => `a=fmtp:${codec.pt} ${CODECS[codec.name].fmtp}`),
        'a=ptime:20',
        ...candidates.map((candidate) => `a=candidate:${candidate}`),
        'a=end-of-candidates',
        `a=ssrc:${ssrc} cname:kandy-sim`,
        '',
    ].join('\r\n');
}
