/** Kamailio as a registrar and proxy with digest and Record-Route, UDP, TCP and, if wanted, TLS, on free ports. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPorts, makeFolder, startProcess, waitFor } from './process.mjs';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'nathelper', 'usrloc', 'registrar', 'db_text', 'auth', 'auth_db'];

/**
 * @typedef {object} Pbx
 * @property {string} trunk  "127.0.0.1:5060" @property {string} user @property {string} password @property {string} realm
 * @property {string} did  its number @property {string} extension  who is rung for it
 */

/** Its lines for TLS, a port above the plain one. @param {string} folder @param {number} port */
const tlsText = (folder, port) => `enable_tls=yes
listen=tls:127.0.0.1:${port + 1}
loadmodule "tls.so"
modparam("tls","private_key","${folder}/key.pem")
modparam("tls","certificate","${folder}/cert.pem")
modparam("tls","tls_method","TLSv1.2+")`;
/** Its lines for an rtpengine in the path of the sound. @param {number} ng */
const relayText = (ng) => `loadmodule "rtpengine.so"
modparam("rtpengine","rtpengine_sock","udp:127.0.0.1:${ng}")`;

/**
 * Its lines as a PBX with a trunk: it registers there, answers the trunk's challenges, sends what is dialled with a
 * zero in front out, and rings an extension for its number.
 * @param {string} folder @param {number} port @param {Pbx} pbx
 */
const pbxText = (folder, port, { trunk, user, password, realm, did, extension }) => ({
    head: `loadmodule "uac.so"
modparam("uac","reg_db_url","text://${folder}/db")
modparam("uac","reg_contact_addr","127.0.0.1:${port}")
modparam("uac","reg_timer_interval",1)
modparam("uac","auth_username_avp","$avp(auser)")
modparam("uac","auth_password_avp","$avp(apass)")
modparam("uac","auth_realm_avp","$avp(arealm)")`,
    route: `if (is_method("INVITE") && $rU =~ "^(0|971|999)" && !($si == "${trunk.split(':')[0]}" && $sp == ${trunk.split(':')[1]})) {
    record_route();
    $du = "sip:${trunk}";
    t_on_failure("TRUNK");
    t_relay();
    exit; }
  if (is_method("INVITE") && $rU == "${did}") { $rU = "${extension}"; }`,
    tail: `failure_route[TRUNK] {
  if (t_is_canceled()) exit;
  if (t_check_status("401|407")) {
    $avp(auser) = "${user}"; $avp(apass) = "${password}"; $avp(arealm) = "${realm}";
    if (uac_auth()) { t_relay(); exit; } } }`,
});
/** The registration at that trunk. @param {string} folder @param {Pbx} pbx */
function writeRegistration(folder, { trunk, user, password, realm }) {
    const columns =
        'id(int,auto) l_uuid(string) l_username(string) l_domain(string) r_username(string) r_domain(string) realm(string) auth_username(string) ' +
        'auth_password(string) auth_ha1(string,null) auth_proxy(string) expires(int) flags(int) reg_delay(int) contact_addr(string,null) socket(string,null)';
    const escape = (/** @type {string} */ text) => text.replaceAll(':', '\\:');
    writeFileSync(
        join(folder, 'db', 'uacreg'),
        `${columns}\n1:u1:${user}:pbx.test:${user}:${realm}:${realm}:${user}:${password}::${escape(`sip:${trunk}`)}:300:0:0::\n`,
    );
}

/** A certificate for localhost and 127.0.0.1. @param {string} folder */
export function makeCertificate(folder, name = 'localhost', alt = 'DNS:localhost,IP:127.0.0.1') {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '30', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${alt}`], { stdio: 'ignore' });
    return { key, cert };
}

/** @param {string} folder @param {number} port @param {string} domain @param {boolean} asksInvite @param {{tls: boolean, relay?: number, pbx?: Pbx}} more */
function configText(folder, port, domain, asksInvite, { tls, relay, pbx }) {
    const lines = pbx ? pbxText(folder, port, pbx) : { head: '', route: '', tail: '' };
    const manage = relay ? 'rtpengine_manage("replace-origin replace-session-connection");' : '';
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
${tls ? tlsText(folder, port) : ''}
${relay ? relayText(relay) : ''}
${lines.head}
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
    if (loose_route()) { ${manage} ${relay ? 't_on_reply("R");' : ''} t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404","Not here"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  if (is_method("REGISTER")) {
    if (!www_authorize("${domain}","subscriber")) { www_challenge("${domain}","1"); exit; }
    if (!save("location")) sl_reply_error();
    exit; }
  ${lines.route}
  ${asksInvite ? `if (is_method("INVITE") && !proxy_authorize("${domain}","subscriber")) { proxy_challenge("${domain}","1"); exit; }` : ''}
  record_route();
  if (!lookup("location")) { sl_send_reply("404","Not Found"); exit; }
  ${manage} ${relay ? 't_on_reply("R");' : ''}
  t_relay();
}
${relay ? `onreply_route[R] { ${manage} }` : ''}
${lines.tail}
`;
}

/**
 * @param {{users: Record<string, string>, domain?: string, asksInvite?: boolean, tls?: {name: string, alt: string} | boolean,
 *   relay?: number, pbx?: Pbx}} config  names and passwords; `asksInvite`: an INVITE is challenged (407) too; `tls`: TLS on the port
 *   above; `relay`: the ng port of an rtpengine that carries all sound; `pbx`: it has a trunk
 */
export async function startKamailio({ users, domain = 'test.local', asksInvite = true, tls = false, relay, pbx }) {
    const folder = makeFolder('kamailio');
    const port = await findPorts(2);
    const certificate = tls ? makeCertificate(folder, ...(tls === true ? [] : [tls.name, tls.alt])) : { cert: '' };
    const file = join(folder, 'kamailio.cfg');
    const rows = Object.entries(users).map(([name, password], i) => `${i + 1}:${name}:${domain}:${password}::`);
    mkdirSync(join(folder, 'db'));
    writeFileSync(join(folder, 'db', 'version'), 'table_name(string) table_version(int)\nsubscriber:7\nuacreg:5\n');
    if (pbx) writeRegistration(folder, pbx);
    writeFileSync(
        join(folder, 'db', 'subscriber'),
        `id(int,auto) username(string) domain(string) password(string) ha1(string,null) ha1b(string,null)\n${rows.join('\n')}\n`,
    );
    writeFileSync(file, configText(folder, port, domain, asksInvite, { tls: !!tls, relay, pbx }));
    const args = ['-DD', '-E', '-f', file, '-P', join(folder, 'pid'), '-m', '64', '-M', '8', '-Y', folder];
    const started = startProcess('kamailio', args, { cwd: folder });
    await waitFor('Kamailio', async () => {
        if (started.exit() !== null) throw new Error(`Kamailio ended:\n${started.text()}`);
        return isAnswering(port);
    });
    return { host: '127.0.0.1', port, address: `127.0.0.1:${port}`, tlsPort: port + 1, certFile: certificate.cert, domain, stop: () => started.stop(4000), log: started.text };
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
