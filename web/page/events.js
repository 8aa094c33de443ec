// @ts-check
/**
 * What happened, as a list in words: each message of the bridge socket and each step of the audio, with
 * its time and, folded away, the message itself. Only figures asked for every few seconds are left out:
 * they would bury the rest.
 */

const LOG_MAX = 400;

const WORDS = {
    'session-created': () => 'The gateway greeted us.',
    offer: (m) => `We asked for a call to ${m.destination || 'the default destination'}.`,
    answer: (m, out) => (out ? 'We answered the call.' : `The call was answered${m.codec ? `, audio is ${m.codec}` : ''}.`),
    'ice-candidate': (m, out) => candidateWords(m.candidate, out),
    trying: () => 'The gateway is placing the call.',
    ringing: () => 'The far end rings.',
    progress: () => 'The far end sends audio before it answers.',
    hangup: (m, out) => (out ? 'We hung up.' : `The call ended${m.by === 'local' ? ', as asked' : `: ${m.text || m.reason || 'hung up'}`}`),
    error: (m) => `The gateway reports: ${m.message}`,
    'incoming-call': (m) => `A call from ${m.displayName || m.from || 'somebody'} comes in.`,
    reject: (m) => `We declined the call (${m.code}).`,
    dtmf: (m, out) => (out ? `We pressed ${m.digits}.` : `The far end pressed ${m.digit}.`),
    register: () => 'We asked to receive calls here.',
    registered: (m) => `Calls for ${m.user ?? m.aor} ring here now.`,
    unregister: () => 'We asked to receive no more calls.',
    unregistered: () => 'No calls ring here any more.',
};

/** @param {any} candidate @param {boolean} out */
function candidateWords(candidate, out) {
    const whose = out ? 'Our' : 'The gateway’s';
    if (!candidate?.candidate) return `${whose} list of network addresses is complete.`;
    const [, , transport, , address, port] = candidate.candidate.split(' ');
    return `${whose} network address ${address} port ${port} (${transport.toLowerCase()}).`;
}

/** @param {object} message a token is nobody's business, and line breaks of descriptions are readable */
function print(message) {
    const text = JSON.stringify(message, (key, value) => (key === 'token' ? '…' : value), 1);
    return text.replaceAll('\\r\\n', '\n');
}

/** @param {object} message */
function createDetails(message) {
    const more = document.createElement('details');
    const summary = document.createElement('summary');
    const raw = document.createElement('pre');
    summary.textContent = 'message';
    raw.textContent = print(message);
    more.append(summary, raw);
    return more;
}

/** @param {Date} at */
function createTime(at) {
    const time = document.createElement('time');
    time.dateTime = at.toISOString();
    time.textContent = `${at.toTimeString().slice(0, 8)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
    return time;
}

/** @param {HTMLElement} list @param {HTMLElement} count shows how many there are */
export function createEventLog(list, count) {
    /** @param {string} words @param {object | null} [message] @param {boolean} [isBad] */
    function add(words, message = null, isBad = false) {
        const item = document.createElement('li');
        const text = document.createElement('span');
        const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
        text.textContent = words;
        text.classList.toggle('bad', isBad);
        item.append(createTime(new Date()), text);
        if (message) item.append(createDetails(message));
        list.append(item);
        while (list.children.length > LOG_MAX) list.firstElementChild?.remove();
        if (isAtEnd) list.scrollTop = list.scrollHeight;
        count.textContent = String(list.children.length);
    }

    /** @param {'in' | 'out'} direction @param {any} message */
    function addMessage(direction, message) {
        if (message.type === 'stats') return;
        const words = WORDS[message.type];
        const said = words ? words(message, direction === 'out') : `Message ${message.type}.`;
        add(said, message, message.type === 'error');
    }

    function clear() {
        list.replaceChildren();
        count.textContent = '';
    }

    return { add, addMessage, clear };
}
