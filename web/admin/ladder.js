/** A call's ladder: a line for each party and one for tandem, an arrow for each message, notes for what else happened. */
import { el, svg } from './dom.js';

const ROW = 34;
const TOP = 54;
const NOTE_KINDS = new Set(['ice', 'dtls', 'media', 'codec', 'sdp', 'dtmf', 'play', 'srtp', 'turn']);

/** @typedef {{t: number, leg: number, kind: string, text: string}} Entry */
/** @typedef {{leg: number, kind: string, direction: string, party: string, via: string, media: any}} Leg */

/** What an entry is in the drawing: an arrow from or to the party, or a note beside its line.
 * @param {Entry} entry @param {Leg | undefined} leg @returns {{way: 'in' | 'out' | 'note', text: string} | null} */
function shape({ kind, text, leg: number }, leg) {
    if (!number || !leg) return kind === 'state' ? null : { way: 'note', text };
    const incoming = leg.direction === 'in';
    if (kind === 'leg') return { way: incoming ? 'in' : 'out', text: incoming ? `call (${leg.kind})` : `call (${leg.kind})` };
    if (kind === 'sip') {
        if (/ sent\b|^INVITE .* to |^trying without/.test(text) && !/received/.test(text)) return { way: 'out', text: text.replace(/^(INVITE) .*/, '$1').replace(/ sent/, '') };
        if (/^\d{3}\b|received|answered/.test(text)) return { way: 'in', text: text.replace(/ received/, '') };
        return { way: 'note', text };
    }
    if (kind === 'state') {
        if (leg.kind === 'sip' && !/^done|hold|resume/.test(text)) return null; /* its messages say so already */
        if (/^done/.test(text)) return { way: /\(remote\)/.test(text) ? 'in' : 'out', text: text.replace(/ \((local|remote|system)\).*/, '').replace(/^done/, 'end') };
        return { way: incoming ? 'out' : 'in', text };
    }
    return NOTE_KINDS.has(kind) ? { way: 'note', text: `${kind}: ${text}` } : { way: 'note', text: `${kind}: ${text}` };
}

const cut = (/** @type {string} */ text, /** @type {number} */ max) => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

/** @param {any} call as GET calls/ID answers @param {number} width of the room there is */
export function drawLadder(call, width) {
    /** @type {Leg[]} */ const legs = [...(call.legs ?? [])].sort((a, b) => a.leg - b.leg);
    const caller = legs.filter((leg) => leg.leg === 1);
    const columns = [...caller, null, ...legs.filter((leg) => leg.leg !== 1)];
    const left = width < 400 ? 48 : 62;
    const each = Math.max(88, (Math.max(width, 320) - left - 8) / columns.length);
    const total = left + each * columns.length + 8;
    const x = (/** @type {number} */ i) => left + each * (i + 0.5);
    const own = columns.indexOf(null);
    const place = new Map(columns.map((leg, i) => [leg?.leg ?? 0, i]));
    const rows = call.timeline
        .map((/** @type {Entry} */ entry) => ({ entry, drawn: shape(entry, legs.find((leg) => leg.leg === entry.leg)) }))
        .filter((/** @type {any} */ row) => row.drawn);
    const height = TOP + rows.length * ROW + 12;
    const root = svg('svg', { class: 'ladder', viewBox: `0 0 ${total} ${height}`, width: total, height, role: 'img', 'aria-label': 'Ladder diagram of the call' });
    const tip = (/** @type {string} */ id) => svg('marker', { id, viewBox: '0 0 10 10', refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: 'auto-start-reverse' }, svg('path', { d: 'M0 0 10 5 0 10z', class: 'tip' }));
    root.append(svg('defs', {}, tip('tip')));
    const chars = Math.floor(each / 7.4);
    columns.forEach((leg, i) => {
        root.append(
            svg('text', { x: x(i), y: 18, class: 'party' }, cut(leg ? leg.party || '(unknown)' : 'tandem', chars), svg('title', {}, leg ? leg.party : 'tandem')),
            svg('text', { x: x(i), y: 35, class: 'sub' }, cut(leg ? `${leg.kind}${leg.via ? ` ${leg.via}` : ''}` : '', chars)),
            svg('line', { x1: x(i), x2: x(i), y1: TOP - 10, y2: height - 6, class: leg ? 'life' : 'life own' }),
        );
    });
    rows.forEach(({ entry, drawn }, /** @type {number} */ i) => {
        const y = TOP + i * ROW + 20;
        const at = place.get(entry.leg) ?? own;
        root.append(svg('text', { x: 4, y: y + 1, class: 'time' }, `+${((entry.t - call.created_ms) / 1000).toFixed(3)}`));
        if (drawn.way === 'note') {
            const room = Math.floor(Math.min(x(at) - left + each / 2, total - x(at) + each / 2, each * 2) / 6.4) + 4;
            const text = cut(drawn.text, Math.max(14, room));
            const half = text.length * 3.1 + 8;
            const middle = Math.min(Math.max(x(at), left + half), total - half - 4);
            root.append(
                svg('rect', { x: middle - half, y: y - 13, width: half * 2, height: 20, rx: 10, class: /no audio|failed/.test(drawn.text) ? 'note bad' : 'note' }),
                svg('text', { x: middle, y: y + 1, class: 'notetext' }, text, svg('title', {}, drawn.text)),
            );
            return;
        }
        const [from, to] = drawn.way === 'in' ? [at, own] : [own, at];
        const inset = from < to ? 5 : -5;
        root.append(
            svg('line', { x1: x(from) + inset, x2: x(to) - inset, y1: y + 4, y2: y + 4, class: /^([456]\d\d|end [456])/.test(drawn.text) ? 'arrow bad' : 'arrow', 'marker-end': 'url(#tip)' }),
            svg('text', { x: (x(from) + x(to)) / 2, y: y - 2, class: 'message' }, cut(drawn.text, Math.floor((Math.abs(x(to) - x(from)) - 12) / 6.6)), svg('title', {}, entry.text)),
        );
    });
    return el('div', { class: 'scroll' }, root);
}

const figure = (/** @type {any} */ value, unit = '') => (value === null || value === undefined ? '–' : `${typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(1) : value}${unit}`);

/** Statistics of a leg's media in one card. @param {Leg} leg */
export function mediaCard(leg) {
    const media = leg.media;
    const title = el('h3', {}, leg.party || leg.kind, el('span', { class: 'sub' }, ` ${leg.kind}`));
    if (!media) return el('div', { class: 'card media' }, title, el('p', { class: 'sub' }, 'No media of its own.'));
    const flow = (/** @type {string} */ name, /** @type {any} */ f, /** @type {string | null} */ codec) =>
        el('tr', {}, el('th', { scope: 'row' }, name), el('td', {}, codec ?? '–'), el('td', {}, figure(f.packets)), el('td', {}, figure(f.lost)), el('td', {}, figure(f.reordered)), el('td', {}, figure(f.concealed_ms, ' ms')), el('td', {}, figure(f.jitter_ms, ' ms')), el('td', {}, figure(f.mos)));
    const head = el('tr', {}, ...['', 'codec', 'packets', 'lost', 'reordered', 'concealed', 'jitter', 'MOS'].map((name) => el('th', { scope: 'col' }, name)));
    const more = [`round trip ${figure(media.rtt_ms, ' ms')}`, media.transcoding ? 'transcoded' : 'passed through', media.remote && `at ${media.remote}`, media.dropped_auth > 0 && `${media.dropped_auth} not authentic`, media.dropped_stranger > 0 && `${media.dropped_stranger} from strangers`];
    return el('div', { class: 'card media' }, title,
        el('table', {}, el('thead', {}, head), el('tbody', {}, flow('received', media.received, media.codec_received), flow('sent', media.sent, media.codec_sent))),
        el('p', { class: 'sub' }, more.filter(Boolean).join(' · ')));
}
