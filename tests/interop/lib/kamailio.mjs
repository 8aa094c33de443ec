/** Kamailio as a registrar and proxy with digest and Record-Route, UDP and TCP, on a free port. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPorts, makeFolder, startProcess, waitFor } from './process.mjs';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'nathelper', 'usrloc', 'registrar', 'db_text', 'auth', 'auth_db'];

/** @param {string} folder @param {number} port @param {string} domain @param {boolean} asksInvite */
function configText(folder, port, domain, asksInvite) {
    return `debug=1
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
alias="${domain}"
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/:/usr/lib/aarch64-linux-gnu/kamailio/modules/"
${MODULES.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("usrloc","db_mode",0)
modparam("auth_db","db_url","text://${folder}/db")
modparam("auth_db","calculate_ha1",1)
modparam("auth_db","password_column","password")
modparam("nathelper|registrar","received_avp","$avp(RECEIVED)")
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483","Too Many Hops"); exit; }
  force_rport();
  if (is_method("OPTIONS") && uri==myself && $rU==$null) { sl_send_reply("200","OK"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404","Not here"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  if (is_method("REGISTER")) {
    if (!www_authorize("${domain}","subscriber")) { www_challenge("${domain}","1"); exit; }
    if (!save("location")) sl_reply_error();
    exit; }
  ${asksInvite ? `if (is_method("INVITE") && !proxy_authorize("${domain}","subscriber")) { proxy_challenge("${domain}","1"); exit; }` : ''}
  record_route();
  if (!lookup("location")) { sl_send_reply("404","Not Found"); exit; }
  t_relay();
}
`;
}

/**
 * @param {{users: Record<string, string>, domain?: string, asksInvite?: boolean}} config  names and
 * passwords; `asksInvite`: an INVITE is challenged (407) too
 */
export async function startKamailio({ users, domain = 'test.local', asksInvite = true }) {
    const folder = makeFolder('kamailio');
    const port = await findPorts(1);
    const file = join(folder, 'kamailio.cfg');
    const rows = Object.entries(users).map(([name, password], i) => `${i + 1}:${name}:${domain}:${password}::`);
    mkdirSync(join(folder, 'db'));
    writeFileSync(join(folder, 'db', 'version'), 'table_name(string) table_version(int)\nsubscriber:7\n');
    writeFileSync(
        join(folder, 'db', 'subscriber'),
        `id(int,auto) username(string) domain(string) password(string) ha1(string,null) ha1b(string,null)\n${rows.join('\n')}\n`,
    );
    writeFileSync(file, configText(folder, port, domain, asksInvite));
    const args = ['-DD', '-E', '-f', file, '-P', join(folder, 'pid'), '-m', '64', '-M', '8', '-Y', folder];
    const started = startProcess('kamailio', args, { cwd: folder });
    await waitFor('Kamailio', async () => {
        if (started.exit() !== null) throw new Error(`Kamailio ended:\n${started.text()}`);
        return isAnswering(port);
    });
    return { host: '127.0.0.1', port, address: `127.0.0.1:${port}`, domain, stop: () => started.stop(4000), log: started.text };
}

/** One OPTIONS over UDP. @param {number} port */
async function isAnswering(port) {
    const { createSocket } = await import('node:dgram');
    const socket = createSocket('udp4');
    return new Promise((done) => {
        const finish = (/** @type {boolean} */ yes) => (clearTimeout(timer), socket.close(), done(yes));
        const timer = setTimeout(() => finish(false), 200);
        socket.on('message', () => finish(true));
        socket.bind(0, '127.0.0.1', () => {
            const local = `127.0.0.1:${socket.address().port}`;
            const text = [
                `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
                `Via: SIP/2.0/UDP ${local};branch=z9hG4bK${Date.now()}${Math.floor(Math.random() * 1e6)};rport`,
                `From: <sip:probe@${local}>;tag=1`,
                `To: <sip:127.0.0.1:${port}>`,
                `Call-ID: ${Date.now()}.${Math.random()}`,
                'CSeq: 1 OPTIONS',
                'Max-Forwards: 5',
                'Content-Length: 0',
                '\r\n',
            ].join('\r\n');
            socket.send(text, port, '127.0.0.1');
        });
    });
}
