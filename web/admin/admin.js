/** The dashboard: one view at a time, asked for anew every two seconds. */
import { ApiError, ask, token } from './api.js';
import { badge, clock, el, span, table } from './dom.js';
import { drawLadder, mediaCard } from './ladder.js';

const POLL_MS = 2000;
const LOG_MAX = 1000;
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const go = (/** @type {string} */ hash) => () => (location.hash = hash);
const column = (/** @type {string} */ title, /** @type {string} */ key) => ({ title, cell: (/** @type {any} */ row) => row[key] ?? '' });

const CALL_COLUMNS = [
    { title: 'State', cell: (row) => badge(row.state) },
    column('From', 'from'), column('To', 'to'), column('Direction', 'direction'), column('Trunk', 'trunk'),
    { title: 'Codecs', cell: (row) => [row.codec_a, row.codec_b].filter(Boolean).join(' / ') },
    { title: 'Began', cell: (row) => clock(row.created_ms) },
    { title: 'Duration', cell: (row) => (row.answered_ms ? span(row.duration_ms) : '–') },
];

/** Tables that are one question: their path, their columns. */
const lists = {
    calls: { title: 'Calls', path: 'calls', columns: CALL_COLUMNS, empty: 'No calls now.', open: true },
    past: { title: 'Past calls', path: 'calls?all=200', columns: CALL_COLUMNS, empty: 'No calls yet.', open: true },
    registrations: {
        title: 'Registrations', path: 'registrations', empty: 'Nobody is registered.',
        columns: [{ title: 'State', cell: (row) => badge(row.state) }, column('Kind', 'kind'), column('User', 'user'), column('Trunk', 'trunk'), column('Contact', 'contact'), column('Transport', 'transport'),
            { title: 'Expires', cell: (row) => (row.expires_s === null ? '–' : span(row.expires_s * 1000)) }, column('Program', 'user_agent')],
    },
    trunks: {
        title: 'Trunks', path: 'trunks', empty: 'No trunk is configured.',
        columns: [{ title: 'State', cell: (row) => badge(row.state) }, column('Name', 'name'), column('Host', 'host'), column('Address', 'address'), column('Transport', 'transport'),
            { title: 'Registration', cell: (row) => badge(row.registration) }, column('Calls', 'calls'), column('In all', 'total_calls'),
            { title: 'Round trip', cell: (row) => (row.rtt_ms === null ? '–' : `${row.rtt_ms} ms`) },
            { title: 'Last error', cell: (row) => row.last_error && el('span', { class: 'error' }, row.last_error) }],
    },
    numbers: { title: 'Numbers', path: 'numbers', empty: 'No numbers yet: tandem number add NUMBER --to user:NAME', columns: [column('Number', 'number'), column('Leads to', 'to'), { title: 'Since', cell: (row) => clock(Date.parse(row.created_at)) }] },
    users: { title: 'Users', path: 'users', empty: 'No users yet: tandem user add NAME', columns: [column('Name', 'name'), column('Shown as', 'display_name'), { title: 'Since', cell: (row) => clock(Date.parse(row.created_at)) }] },
};
const tabs = { ...Object.fromEntries(Object.entries(lists).map(([id, list]) => [id, list.title])), log: 'Log' };

/** Only what changed is drawn, so that a selection or the focus survives a poll. */
let shown = '';
function show(/** @type {any} */ data, /** @type {() => Node[]} */ draw) {
    const now = location.hash + JSON.stringify(data) + innerWidth;
    if (now === shown) return;
    shown = now;
    byId('view').replaceChildren(...draw());
}

async function showList(/** @type {string} */ id) {
    const list = lists[/** @type {keyof typeof lists} */ (id)];
    let rows = await ask(list.path);
    if (id === 'past') rows = rows.filter((/** @type {any} */ row) => row.state === 'done');
    show(rows, () => [
        el('h1', {}, list.title, el('span', { class: 'count' }, rows.length)),
        table(list.columns, rows, { empty: list.empty, onrow: 'open' in list ? (row) => go(`call/${row.id}`)() : undefined }),
    ]);
}

async function hangUp(/** @type {string} */ id) {
    if (confirm('End this call?')) await ask(`calls/${encodeURIComponent(id)}`, 'DELETE').catch(() => null);
    poll();
}

function drawCall(/** @type {any} */ call) {
    const isLive = call.state !== 'done';
    const facts = [call.direction, call.face, call.trunk && `trunk ${call.trunk}`, clock(call.created_ms), call.answered_ms ? span(call.duration_ms) : 'not answered'];
    const sentence = call.cause?.text || call.cause?.token;
    const by = { remote: 'by the far end', local: 'by our side', system: 'by tandem' }[/** @type {string} */ (call.cause?.by)] ?? '';
    return [
        el('p', {}, el('a', { href: isLive ? '#calls' : '#past' }, isLive ? '‹ Calls' : '‹ Past calls')),
        el('div', { class: 'head' }, el('h1', {}, `${call.from || '(unknown)'} → ${call.to || '(default)'} `, badge(call.state)),
            isLive && el('button', { type: 'button', class: 'stop', onclick: () => hangUp(call.id) }, 'End call')),
        el('p', { class: 'sub' }, facts.filter(Boolean).join(' · ')),
        el('div', { class: 'card' }, drawLadder(call, byId('view').clientWidth - 34)),
        el('div', { class: 'medias' }, ...call.legs.map(mediaCard)),
        sentence && el('p', { class: call.cause.code < 400 ? 'cause good' : 'cause bad', id: 'cause' }, el('strong', {}, sentence), ` ${call.cause.code} ${call.cause.token}${by && `, ${by}`}`),
        el('p', { class: 'sub' }, `Call ${call.id}${call.session ? ` · session ${call.session}` : ''}`),
    ].filter(Boolean);
}

async function showCall(/** @type {string} */ id) {
    const call = await ask(`calls/${encodeURIComponent(id)}`);
    show(call, () => drawCall(call));
}

let logNext = 0;
/** @type {HTMLElement | null} */ let logList = null;
async function showLog() {
    const { next, lines } = await ask(`log?after=${logList?.isConnected ? logNext : 0}`);
    if (!logList?.isConnected || next < logNext) {
        logList = el('ol', { class: 'log', tabindex: 0, 'aria-label': 'Log lines, the newest last' });
        byId('view').replaceChildren(el('h1', {}, 'Log'), logList);
        shown = '';
    }
    logNext = next;
    const atEnd = logList.scrollHeight - logList.scrollTop - logList.clientHeight < 40;
    logList.append(...lines.map((/** @type {any} */ line) => el('li', { class: line.level }, line.text)));
    while (logList.childElementCount > LOG_MAX) logList.firstElementChild?.remove();
    if (atEnd) logList.scrollTop = logList.scrollHeight;
}

function setLink(/** @type {string} */ state, /** @type {string} */ text) {
    byId('link').dataset.link = state;
    byId('linkText').textContent = text;
}

function signOut(message = '') {
    token.clear();
    shown = '';
    document.body.dataset.state = 'login';
    byId('view').replaceChildren();
    byId('loginError').textContent = message;
    setLink('off', 'Signed out');
    byId('token').focus();
}

function markTab(/** @type {string} */ id) {
    for (const link of byId('tabs').children)
        if (link.getAttribute('href') !== `#${id}`) link.removeAttribute('aria-current');
        else if (!link.hasAttribute('aria-current')) {
            link.setAttribute('aria-current', 'page');
            link.scrollIntoView({ block: 'nearest', inline: 'nearest' }); // the row of them may be wider than the screen
        }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */ let timer;
let turn = 0;
async function poll() {
    clearTimeout(timer);
    if (!token.read()) return;
    const mine = ++turn;
    const [id, rest] = (location.hash.slice(1) || 'calls').split('/', 2);
    markTab(id === 'call' ? 'calls' : id);
    try {
        if (id === 'call') await showCall(decodeURIComponent(rest ?? ''));
        else if (id === 'log') await showLog();
        else await showList(id in lists ? id : 'calls');
        document.body.dataset.state = 'in';
        setLink('on', 'Live');
    } catch (error) {
        if (error instanceof ApiError && [401, 403].includes(error.status)) return signOut(error.status === 401 ? 'That is not the admin token.' : 'The dashboard answers on the machine itself only. From elsewhere: ssh -L 8080:127.0.0.1:8080 HOST');
        if (error instanceof ApiError && error.status === 404) show(error.message, () => [el('p', { class: 'empty' }, error.message)]);
        else setLink('lost', 'No answer');
    }
    if (mine === turn) timer = setTimeout(poll, POLL_MS);
}

byId('tabs').append(...Object.entries(tabs).map(([id, title]) => el('a', { href: `#${id}` }, title)));
byId('logout').addEventListener('click', () => signOut());
byId('login').addEventListener('submit', (event) => {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (byId('token'));
    token.set(input.value.trim());
    input.value = '';
    byId('loginError').textContent = '';
    poll();
});
addEventListener('hashchange', poll);
addEventListener('resize', () => location.hash.startsWith('#call/') && poll());
if (token.read()) poll();
else byId('token').focus();
