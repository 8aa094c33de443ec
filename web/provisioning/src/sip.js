/** What JsSIP and SIP.js want to know, from the provisioning object. */

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[?::1\]?)$/;

/** The SIP WebSocket's address. Unencrypted only on this machine. @param {any} p */
export function BuildWsUrl(p) {
    const host = String(p.SipWssServer ?? p.wssServer);
    const scheme = /^ws$/i.test(p.SipTransport ?? '') && LOOPBACK.test(host) ? 'ws' : 'wss';
    const port = p.SipWebsocketPort ?? p.WebSocketPort ?? '443';
    const path = String(p.SipServerPath ?? p.ServerPath ?? '/ws').replace(/^\/*/, '/');
    return `${scheme}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}${path}`;
}

/**
 * The headers that tell the proxy which session a request belongs to (REGISTER and INVITE).
 * @param {any} p @param {any} [session] @returns {string[]}
 */
export function SipHeaders(p, session) {
    const isSiperb = /\.siperb\.com$/.test(p.SipWssServer ?? '');
    if (!session || (p.RegistrationMode && p.RegistrationMode !== 'Proxy' && !isSiperb)) return [];
    const fields = [
        ['X-Siperb-Sid', session.SessionToken],
        ['X-Siperb-Uid', session.UserId],
        ['Authorization', p.SipJwt && `Bearer ${p.SipJwt}`], // a proxy takes it (RFC 8898) or challenges
    ];
    return fields.filter(([, value]) => value).map(([name, value]) => `${name}: ${String(value).replace(/[\r\n]/g, '')}`);
}

/** @param {any} p */
const account = (p) => ({
    uri: `sip:${p.SipUsername ?? p.SIPUsername}@${p.SipDomain}`,
    user: p.SipUsername ?? p.SIPUsername,
    password: p.SipPassword ?? p.SIPPassword,
    contact: p.SipContact ?? p.ContactUserName,
    name: p.profileName ?? p.ProfileUserName,
});

/**
 * Options for SIP.js' UserAgent, with those of its Registerer and Inviter beside them.
 * @param {any} p @param {any} [session] @param {any} [UserAgent]  SIP.js' class: then uri is the object it wants
 */
export function SipJsConfig(p, session, UserAgent) {
    const { uri, user, password, contact, name } = account(p);
    const extraHeaders = SipHeaders(p, session);
    return {
        uri: UserAgent ? UserAgent.makeURI(uri) : uri,
        authorizationUsername: user,
        authorizationPassword: password,
        contactName: contact,
        ...(name ? { displayName: name } : {}),
        transportOptions: { server: BuildWsUrl(p) },
        registererOptions: { extraHeaders },
        inviterOptions: { extraHeaders },
    };
}

/**
 * Options for JsSIP's UA, with those of ua.call() beside them. REGISTER: ua.registrator().setExtraHeaders(registerHeaders).
 * @param {any} p @param {any} [session] @param {any} [JsSIP]  the library: then sockets is filled
 */
export function JsSipConfig(p, session, JsSIP) {
    const { uri, user, password, contact, name } = account(p);
    const extraHeaders = SipHeaders(p, session);
    const server = BuildWsUrl(p);
    return {
        server,
        sockets: JsSIP ? [new JsSIP.WebSocketInterface(server)] : [],
        uri,
        authorization_user: user,
        password,
        contact_uri: `sip:${contact}@${p.SipDomain}`,
        ...(name ? { display_name: name } : {}),
        callOptions: { extraHeaders },
        registerHeaders: extraHeaders,
    };
}
