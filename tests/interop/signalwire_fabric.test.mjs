/** Fabric: what is called by its address, people who get phones and tokens of their own, and who sees what with them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any} */ let acme;
/** @type {any} */ let other;
/** @type {any} */ let phone;
const people = '/api/fabric/resources/subscribers';
const main = (/** @type {any[]} */ ...steps) => ({ version: '1.0.0', sections: { main: steps } });
const dial = (/** @type {any} */ who, /** @type {string} */ to, /** @type {any} */ swml) => who.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to, swml } });
/** With a subscriber's token. @param {string} token @param {string} method @param {string} path @param {any} [body] @param {any} [options] */
const as = (token, method, path, body, options = {}) => acme.ask(method, path, body, { ...options, headers: { Authorization: `Bearer ${token}` } });
const tokenOf = async (/** @type {any} */ body) => (await acme.ask('POST', '/api/fabric/subscribers/tokens', body)).json;
const names = (/** @type {any} */ answer) => answer.json.data.map((/** @type {any} */ one) => one.name).sort();

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon({ yaml: 'trunks:\n  far:\n    host: 127.0.0.9\n    port: 9\n    register: false\nroutes:\n  - {pattern: "88X", to: "trunk:far"}\nsip: {ban_after: 0}\n' }), startHook()]);
    acme = await addProject(daemon, 'acme');
    other = await addProject(daemon, 'other');
});
after(async () => {
    acme?.stop();
    other?.stop();
    await phone?.stop();
    await daemon?.stop();
});

test('a subscriber: his phone registers with a SIP endpoint of his and rings at his address, from REST and from a script', async () => {
    const made = await acme.ask('POST', people, { email: 'ann@example.com', password: 'not shown again', first_name: 'Ann', timezone: 'Europe/Vienna' });
    assert.deepEqual([made.status, made.json.subscriber.email, made.json.subscriber.timezone], [201, 'ann@example.com', 'Europe/Vienna']);
    assert.ok(!made.text.includes('not shown again'));
    const path = `${people}/${made.json.id}`;
    assert.equal((await acme.ask('POST', people, { email: 'ann@example.com' })).json.errors[0].attribute, 'email');
    assert.equal((await acme.ask('POST', people, { email: 'a b', password: 'short' })).json.errors.length, 2);
    assert.equal((await acme.ask('PUT', path, { email: 'ann@example.com', job_title: 'Desk' })).json.subscriber.job_title, 'Desk');
    assert.equal((await other.ask('GET', path)).status, 404);
    assert.deepEqual((await other.ask('GET', people)).json.data, []);
    const phones = `${path}/sip_endpoints`;
    const endpoint = await acme.ask('POST', phones, { username: 'ann-desk', password: 'secret-of-ann', encryption: 'optional' });
    assert.equal(endpoint.status, 201);
    assert.equal((await other.ask('POST', phones, { username: 'thief', password: 'secret-of-thief' })).status, 404);
    assert.deepEqual((await acme.ask('GET', phones)).json.data, [endpoint.json]);
    assert.equal((await acme.ask('PATCH', `${phones}/${endpoint.json.id}`, { caller_id: 'Ann' })).json.caller_id, 'Ann');
    // the vendor's description wraps this list in another one
    const [address] = (await acme.ask('GET', `${path}/addresses`, undefined, { free: true })).json.data;
    assert.deepEqual([address.name, address.type, address.channels], ['ann', 'subscriber', { audio: '/private/ann?channel=audio' }]);
    phone = await startBaresip({ user: 'ann-desk', domain: 'tandem', password: 'secret-of-ann', outbound: daemon.sip, hz: 700 });
    for (const to of ['/private/ann', address.channels.audio, 'client:ann@example.com']) {
        phone.forget();
        assert.equal((await dial(acme, to, main({ hangup: {} }))).status, 200, to);
        await phone.waitEvent('CALL_INCOMING');
        await phone.accept();
        await phone.closed();
    }
    assert.equal((await dial(other, '/private/ann', main({ hangup: {} }))).json.errors[0].code, 'to_destination_unresolvable', "another project's address");
    const script = await acme.ask('POST', '/api/fabric/resources/swml_scripts', { name: 'To Ann', contents: main({ connect: { to: '/private/ann' } }) });
    const number = (await acme.ask('POST', '/api/relay/rest/phone_numbers', { number: '+15550003333' })).json;
    assert.equal((await acme.ask('POST', `/api/fabric/resources/${script.json.id}/phone_routes`, { phone_route_id: number.id, handler: 'calling' })).status, 200);
    phone.forget();
    await dial(acme, '+15550003333', main({ sleep: 3000 }));
    await phone.waitEvent('CALL_INCOMING');
    await phone.hangup();
    assert.equal((await acme.ask('DELETE', `${phones}/${endpoint.json.id}`)).status, 204);
    assert.deepEqual((await acme.ask('GET', phones)).json.data, []);
});

test('a resource is called by its address: a LaML document that is kept here, a web server; each has a name of its own', async () => {
    const scripts = '/api/fabric/resources/cxml_scripts';
    const contents = `<Response><Redirect>${hook.url}/redirected</Redirect></Response>`;
    const made = await acme.ask('POST', scripts, { display_name: 'Front desk', contents });
    assert.deepEqual([made.status, made.json.cxml_script.contents], [200, contents]);
    assert.equal((await acme.ask('POST', scripts, { display_name: 'x', contents: '<Response><Nothing/></Response>' })).json.errors[0].attribute, 'contents');
    const again = await acme.ask('POST', scripts, { display_name: 'Front desk', contents });
    const [one] = (await acme.ask('GET', `${scripts}/${made.json.id}/addresses`)).json.data;
    const [two] = (await acme.ask('GET', `${scripts}/${again.json.id}/addresses`)).json.data;
    assert.deepEqual([one.name, two.name], ['front-desk', 'front-desk-2']);
    assert.equal((await dial(acme, one.channels.audio, main({ sleep: 3000 }))).status, 200);
    assert.match((await hook.request('/redirected')).body, /CallSid=/);
    const webhook = await acme.ask('POST', '/api/fabric/resources/cxml_webhooks', { name: 'Server', primary_request_url: `${hook.url}/laml`, primary_request_method: 'GET' });
    assert.equal(webhook.status, 201);
    await dial(acme, '/public/server', main({ sleep: 3000 }));
    assert.equal((await hook.request('/laml')).method, 'GET');
    assert.equal((await acme.ask('GET', `/api/fabric/resources/cxml_webhooks/${webhook.json.id}`)).json.display_name, 'Server');
    assert.equal((await acme.ask('DELETE', `${scripts}/${again.json.id}`)).status, 204);
    assert.equal((await acme.ask('GET', `/api/fabric/resources/${again.json.id}/addresses`)).status, 404);
    const app = (await acme.ask('POST', `/api/laml/2010-04-01/Accounts/${acme.project}/Applications`, { FriendlyName: 'App', VoiceUrl: `${hook.url}/app` })).json;
    const changed = await acme.ask('PUT', `/api/fabric/resources/cxml_applications/${app.sid}`, { voice_method: 'GET' });
    assert.deepEqual([changed.json.cxml_application.voice_url, changed.json.cxml_application.voice_method], [`${hook.url}/app`, 'GET']);
});

test("a subscriber's token sees the project's addresses; a guest's only those it was made for; refresh; nothing else opens", async () => {
    const bob = await tokenOf({ reference: 'bob@example.com', display_name: 'Bob', time_zone: 'UTC' });
    assert.equal((await tokenOf({ reference: 'bob@example.com' })).subscriber_id, bob.subscriber_id, 'the second time it is the same person');
    const all = await as(bob.token, 'GET', '/api/fabric/addresses');
    for (const name of ['ann', 'bob', 'front-desk', 'server', 'to-ann']) assert.ok(names(all).includes(name), name);
    assert.equal((await as(bob.token, 'GET', '/api/fabric/subscriber/info', undefined, { free: true })).json.display_name, 'Bob');
    assert.equal((await as(bob.token, 'GET', people, undefined, { free: true })).status, 403);
    assert.equal((await as(`${bob.token.slice(0, -4)}AAAA`, 'GET', '/api/fabric/addresses')).status, 401);
    assert.equal((await as(bob.refresh_token, 'GET', '/api/fabric/addresses')).status, 401, 'a refresh token opens nothing');
    const desk = all.json.data.find((/** @type {any} */ one) => one.name === 'front-desk');
    const guest = await acme.ask('POST', '/api/fabric/guests/tokens', { allowed_addresses: [desk.id] });
    assert.equal(guest.status, 201);
    assert.deepEqual(names(await as(guest.json.token, 'GET', '/api/fabric/addresses')), ['front-desk']);
    const hidden = all.json.data.find((/** @type {any} */ one) => one.name === 'server');
    assert.equal((await as(guest.json.token, 'GET', `/api/fabric/addresses/${desk.id}`)).status, 200);
    assert.equal((await as(guest.json.token, 'GET', `/api/fabric/addresses/${hidden.id}`)).status, 404);
    assert.equal((await as(guest.json.token, 'POST', '/api/fabric/guests/tokens', { allowed_addresses: [desk.id] }, { free: true })).status, 403);
    assert.equal((await other.ask('POST', '/api/fabric/guests/tokens', { allowed_addresses: [desk.id] })).json.errors[0].attribute, 'allowed_addresses');
    const fresh = await acme.ask('POST', '/api/fabric/subscribers/tokens/refresh', { refresh_token: guest.json.refresh_token });
    assert.deepEqual(names(await as(fresh.json.token, 'GET', '/api/fabric/addresses')), ['front-desk'], 'a refreshed guest is a guest');
    assert.equal((await acme.ask('POST', '/api/fabric/subscribers/tokens/refresh', { refresh_token: bob.token })).json.errors[0].code, 'not_a_refresh_token');
    assert.equal((await other.ask('POST', '/api/fabric/subscribers/tokens/refresh', { refresh_token: bob.refresh_token })).status, 422);
    const invite = await as(bob.token, 'POST', '/api/fabric/subscriber/invites', { address_id: desk.id });
    assert.equal(invite.status, 201);
    const embed = await acme.ask('POST', '/api/fabric/embeds/tokens', { token: invite.json.token }, { headers: { Authorization: '' } });
    assert.deepEqual(names(await as(embed.json.token, 'GET', '/api/fabric/addresses')), ['front-desk']);
    assert.equal((await acme.ask('POST', '/api/fabric/embeds/tokens', { token: bob.token })).json.errors[0].code, 'token_invalid');
    assert.equal((await acme.ask('DELETE', `${people}/${bob.subscriber_id}`)).status, 204);
    assert.equal((await as(bob.token, 'GET', '/api/fabric/addresses')).status, 401, 'it ends with its subscriber');
    assert.equal((await acme.ask('POST', '/api/fabric/embeds/tokens', { token: invite.json.token })).status, 422);
});

test('a SIP gateway: its address is dialled, from REST, from a script and by a number; encryption as it says', async () => {
    const gateways = '/api/fabric/resources/sip_gateways';
    const pbx = await startBaresip({ user: 'pbx', domain: 'elsewhere.example', password: 'unused', isRegistered: false });
    const uri = `pbx@${pbx.address}`;
    const made = await acme.ask('POST', gateways, { name: 'The PBX', uri, encryption: 'default', ciphers: ['AEAD_AES_256_GCM_8'], codecs: ['PCMU'] });
    assert.deepEqual([made.status, made.json.display_name, made.json.sip_gateway.uri], [201, 'The PBX', uri]);
    assert.deepEqual((await acme.ask('POST', gateways, { name: 'x', uri: 'nobody' })).json.errors.map((/** @type {any} */ e) => e.attribute).sort(), ['ciphers', 'codecs', 'encryption', 'uri']);
    const path = `${gateways}/${made.json.id}`;
    assert.equal((await other.ask('GET', path)).status, 404);
    const [address] = (await acme.ask('GET', `${path}/addresses`)).json.data;
    assert.deepEqual([address.type, address.channels.audio], ['call', '/public/the-pbx?channel=audio']);
    const rings = async (/** @type {string} */ to) => {
        pbx.forget();
        await dial(acme, to, main({ hangup: {} }));
        const call = await pbx.waitEvent('CALL_INCOMING');
        await pbx.accept();
        await pbx.closed();
        return call;
    };
    await rings(address.channels.audio);
    const number = (await acme.ask('POST', '/api/relay/rest/phone_numbers', { number: '+15550004444' })).json;
    assert.equal((await acme.ask('POST', `/api/fabric/resources/${made.json.id}/phone_routes`, { phone_route_id: number.id, handler: 'calling' })).status, 200);
    await rings('+15550004444');
    const script = await acme.ask('POST', '/api/fabric/resources/swml_scripts', { name: 'To the PBX', contents: main({ connect: { to: '/public/the-pbx' } }) });
    pbx.forget();
    await dial(acme, `/public/${(await acme.ask('GET', `/api/fabric/resources/${script.json.id}/addresses`)).json.data[0].name}`, main({ sleep: 3000 }));
    await pbx.waitEvent('CALL_INCOMING');
    await pbx.hangup();
    assert.equal((await dial(other, '/public/the-pbx', main({ hangup: {} }))).json.errors[0].code, 'to_destination_unresolvable');
    assert.equal((await acme.ask('PATCH', path, { encryption: 'required' })).json.sip_gateway.encryption, 'required');
    const refused = (await dial(acme, '/public/the-pbx', main({ hangup: {} }))).json;
    await waitFor('the refusal of SRTP', async () => (await acme.ask('GET', `/api/voice/logs/${refused.id}`)).json.status === 'failed');
    assert.equal((await acme.ask('PATCH', path, { encryption: 'optional' })).status, 200);
    await rings('/public/the-pbx');
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.equal((await dial(acme, '/public/the-pbx', main({ hangup: {} }))).json.errors[0].code, 'to_destination_unresolvable');
    await pbx.stop();
});

test("an endpoint under Fabric's name: a phone registers with it; its calls run a script, LaML or a resource, or reach no trunk", async () => {
    const endpoints = '/api/fabric/resources/sip_endpoints';
    // the vendor's description gives these answers the shape of /api/relay/rest/endpoints/sip by mistake
    const made = await acme.ask('POST', endpoints, { username: 'lobby', password: 'secret-of-lobby', caller_id: 'Lobby' }, { free: true });
    assert.deepEqual([made.status, made.json.type, made.json.display_name, made.json.sip_endpoint.call_handler], [200, 'sip_endpoint', 'lobby', 'default']);
    assert.ok(!made.text.includes('secret-of-lobby'));
    const path = `${endpoints}/${made.json.id}`, relay = `/api/relay/rest/endpoints/sip/${made.json.id}`;
    assert.deepEqual((await acme.ask('GET', path, undefined, { free: true })).json, made.json);
    assert.ok((await acme.ask('GET', endpoints, undefined, { free: true })).json.data.some((/** @type {any} */ one) => one.id === made.json.id));
    assert.deepEqual((await acme.ask('GET', `/api/fabric/resources/${made.json.id}`)).json, made.json);
    assert.ok((await acme.ask('GET', '/api/fabric/resources')).json.data.some((/** @type {any} */ one) => one.id === made.json.id));
    assert.equal((await acme.ask('GET', relay)).json.call_handler, null, 'the older API has other words');
    assert.equal((await other.ask('GET', path)).status, 404);
    const lobby = await startBaresip({ user: 'lobby', domain: 'tandem', password: 'secret-of-lobby', outbound: daemon.sip });
    const call = async (number = '1234') => {
        lobby.forget();
        await lobby.dial(`sip:${number}@${daemon.sip}`);
        return lobby.closed();
    };
    assert.match(await call('881'), /50[0-9]/, 'a trunk that is down');
    hook.routes['/lobby'] = main({ hangup: { reason: 'busy' } });
    await acme.ask('PUT', relay, { call_handler: 'relay_script', call_relay_script_url: `${hook.url}/lobby` });
    assert.match(await call(), /486/);
    const { json } = await hook.request('/lobby');
    assert.deepEqual([json.call.project_id, json.call.to, json.call.from], [acme.project, '1234', 'lobby']);
    hook.routes['/lobby-laml'] = '<Response><Reject reason="busy"/></Response>';
    await acme.ask('PUT', relay, { call_handler: 'laml_webhooks', call_request_url: `${hook.url}/lobby-laml` });
    assert.match(await call(), /486/);
    assert.match((await hook.request('/lobby-laml')).body, /To=1234/);
    assert.equal((await acme.ask('PUT', relay, { call_handler: 'laml_application', call_laml_application_id: '' })).status, 422);
    assert.equal((await acme.ask('PUT', relay, { call_handler: 'ai_agent' })).status, 422);
    const script = await acme.ask('POST', '/api/fabric/resources/swml_scripts', { name: 'No', contents: main({ hangup: { reason: 'decline' } }) });
    const bound = await acme.ask('POST', `/api/fabric/resources/${script.json.id}/sip_endpoints`, { sip_endpoint_id: made.json.id });
    assert.deepEqual([bound.status, bound.json.channels], [200, { audio: '/public/no?channel=audio' }]);
    assert.match(await call(), /603/);
    assert.equal((await other.ask('POST', `/api/fabric/resources/${script.json.id}/sip_endpoints`, { sip_endpoint_id: made.json.id })).status, 404);
    const free = await acme.ask('PUT', path, { call_handler: 'block-pstn', calling_handler_resource_id: null }, { free: true });
    assert.equal(free.json.sip_endpoint.call_handler, 'block-pstn');
    assert.match(await call(), /404/, 'routes decide again');
    assert.match(await call('881'), /403/, 'but no trunk');
    assert.equal((await acme.ask('DELETE', `/api/fabric/resources/${made.json.id}`)).status, 204);
    assert.ok(!(await daemon.command('user', 'list')).some((/** @type {any} */ user) => user.name === 'lobby'), 'the account goes with it');
    await lobby.stop();
});

test('a topic of RELAY programs is kept; it answers no calls here', async () => {
    const topics = '/api/fabric/resources/relay_applications';
    const made = await acme.ask('POST', topics, { name: 'Office', topic: 'office' });
    assert.deepEqual([made.status, made.json.relay_application.topic, made.json.relay_application.call_status_callback_url], [200, 'office', null]);
    const path = `${topics}/${made.json.id}`;
    assert.equal((await acme.ask('POST', topics, { name: 'Office' })).json.errors[0].attribute, 'topic');
    assert.equal((await acme.ask('PUT', path, { call_status_callback_url: `${hook.url}/told` })).json.relay_application.call_status_callback_url, `${hook.url}/told`);
    const number = (await acme.ask('POST', '/api/relay/rest/phone_numbers', { number: '+15550005555' })).json;
    assert.equal((await acme.ask('POST', `/api/fabric/resources/${made.json.id}/phone_routes`, { phone_route_id: number.id, handler: 'calling' })).status, 422);
    assert.deepEqual((await acme.ask('GET', `${path}/addresses`)).json.data, []);
    assert.deepEqual((await acme.ask('GET', topics)).json.data.length, 1);
    assert.equal((await acme.ask('DELETE', path)).status, 204);
});

test('a SIP domain of a program: strangers reach its script, or only those from the addresses it names', async () => {
    const domains = '/api/relay/rest/domain_applications';
    hook.routes['/domain'] = main({ hangup: { reason: 'busy' } });
    const made = await acme.ask('POST', domains, { name: 'Front', identifier: 'acme-app', call_handler: 'relay_script', call_relay_script_url: `${hook.url}/domain` });
    assert.deepEqual([made.status, made.json.user, made.json.encryption], [201, '*', 'optional']);
    const path = `${domains}/${made.json.id}`;
    assert.equal((await other.ask('POST', domains, { name: 'Thief', identifier: 'acme-app' })).json.errors[0].detail, 'Identifier is taken');
    assert.equal((await acme.ask('POST', domains, { name: 'x', identifier: 'No Label', call_handler: 'video_room', ip_auth: ['nowhere'] })).status, 422);
    assert.equal((await other.ask('GET', path)).status, 404);
    const stranger = await startBaresip({ user: 'stranger', domain: 'elsewhere.example', outbound: daemon.sip });
    const call = async () => {
        stranger.forget();
        await stranger.dial(`sip:anybody@${made.json.domain}`);
        return stranger.closed();
    };
    assert.match(await call(), /486/);
    const { json } = await hook.request('/domain');
    assert.deepEqual([json.call.project_id, json.call.to], [acme.project, 'anybody']);
    const shut = await acme.ask('PUT', path, { ip_auth_enabled: true, ip_auth: ['192.0.2.0/24'] });
    assert.deepEqual(shut.json.ip_auth, ['192.0.2.0/24']);
    assert.match(await call(), /403/);
    await acme.ask('PUT', path, { ip_auth: ['127.0.0.0/8'], encryption: 'required' });
    assert.match(await call(), /488/);
    const script = await acme.ask('POST', '/api/fabric/resources/swml_scripts', { name: 'Gone', contents: main({ hangup: { reason: 'decline' } }) });
    const bound = await acme.ask('POST', `/api/fabric/resources/${script.json.id}/domain_applications`, { domain_application_id: made.json.id });
    assert.deepEqual([bound.status, bound.json.calling_handler_resource_id], [200, script.json.id]);
    await acme.ask('PUT', path, { encryption: 'forbidden' });
    assert.match(await call(), /603/);
    const sealed = await startBaresip({ user: 'sealed', domain: 'elsewhere.example', outbound: daemon.sip, more: ';mediaenc=srtp-mand' });
    await sealed.dial(`sip:anybody@${made.json.domain}`);
    assert.match(await sealed.closed(), /488/, 'SRTP where it is forbidden');
    sealed.forget();
    await acme.ask('PUT', path, { encryption: 'optional' });
    await sealed.dial(`sip:anybody@${made.json.domain}`);
    assert.match(await sealed.closed(), /603/);
    await sealed.stop();
    assert.deepEqual((await acme.ask('GET', `${domains}?filter_name=Fro`)).json.data.length, 1);
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.match(await call(), /401|407|403/, 'a stranger again');
    await stranger.stop();
});

test("a SIP address of Fabric: strangers reach the resource that answers it, by any name or by its user's", async () => {
    const addresses = '/api/fabric/sip_addresses';
    const answers = async (/** @type {string} */ name, /** @type {string} */ reason) => (await acme.ask('POST', '/api/fabric/resources/swml_scripts', { name, contents: main({ hangup: { reason } }) })).json.id;
    const busy = await answers('Busy', 'busy');
    const made = await acme.ask('POST', addresses, { name: 'support-line', calling_handler_resource_id: busy });
    assert.deepEqual([made.status, made.json.user, made.json.codecs, made.json.resource_id], [201, '*', ['PCMU', 'PCMA'], busy]);
    assert.match(made.json.uri, /^sip:support-line@support-line\./);
    const path = `${addresses}/${made.json.id}`, domain = made.json.uri.split('@')[1];
    const list = await acme.ask('GET', addresses);
    assert.deepEqual([list.json.items_count, list.json.data], [1, [made.json]]);
    assert.equal((await other.ask('GET', path)).status, 404);
    const wrong = async (/** @type {any} */ who, /** @type {any} */ body) => (await who.ask('POST', addresses, body)).json.errors.map((/** @type {any} */ one) => one.attribute).join();
    assert.equal(await wrong(acme, { name: 'No Label' }), 'name,calling_handler_resource_id');
    assert.equal(await wrong(acme, { name: 'support-line', calling_handler_resource_id: busy }), 'name');
    assert.equal(await wrong(other, { name: 'thief', calling_handler_resource_id: busy }), 'calling_handler_resource_id');
    assert.equal(await wrong(acme, { name: 'shut', calling_handler_resource_id: busy, ip_auth_enabled: true }), 'ip_auth');
    assert.equal(await wrong(acme, { name: 'shut', calling_handler_resource_id: busy, password: 'a password' }), 'password');
    const stranger = await startBaresip({ user: 'stranger', domain: 'elsewhere.example', outbound: daemon.sip });
    const call = async (/** @type {string} */ user) => {
        stranger.forget();
        await stranger.dial(`sip:${user}@${domain}`);
        return stranger.closed();
    };
    assert.match(await call('anybody'), /486/);
    const agent = await acme.ask('POST', addresses, { name: 'support-line', user: 'agent', calling_handler_resource_id: await answers('Decline', 'decline') });
    assert.equal(agent.json.uri, `sip:agent@${domain}`);
    assert.match(await call('agent'), /603/);
    assert.match(await call('anybody'), /486/);
    assert.equal((await acme.ask('PATCH', path, { encryption: 'required' })).json.encryption, 'required');
    assert.match(await call('anybody'), /488/);
    assert.deepEqual((await acme.ask('GET', '/api/relay/rest/domain_applications')).json.data, [], 'they are no domain applications');
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.match(await call('anybody'), /401|407|403/, 'a stranger again');
    await stranger.stop();
});
