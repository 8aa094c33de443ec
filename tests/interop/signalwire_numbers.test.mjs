/** Programs make SIP endpoints that real phones register with, and say where numbers lead. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBaresip } from './lib/baresip.mjs';
import { assertSpeech } from './lib/checks.mjs';
import { startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';
import { startWebPhone } from './lib/sipstacks.mjs';

/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any} */ let acme;
/** @type {any} */ let other;
/** @type {any} */ let phone;

before(async () => {
    [daemon, hook] = await Promise.all([startDaemon(), startHook()]);
    acme = await addProject(daemon, 'acme');
    other = await addProject(daemon, 'other');
});
after(async () => {
    acme?.stop();
    other?.stop();
    await phone?.stop();
    await daemon?.stop();
});
const endpoints = '/api/relay/rest/endpoints/sip';
const numbers = '/api/relay/rest/phone_numbers';

test('an endpoint: a phone registers with it; password never shown; names are unique; others see nothing', async () => {
    const made = await acme.ask('POST', endpoints, { username: 'desk', password: 'secret-of-desk', caller_id: 'Reception', codecs: ['PCMU'] });
    assert.equal(made.status, 200);
    assert.equal(made.json.username, 'desk');
    assert.ok(!made.text.includes('secret-of-desk'));
    phone = await startBaresip({ user: 'desk', domain: 'tandem', password: 'secret-of-desk', outbound: daemon.sip, hz: 700 });
    assert.ok((await daemon.command('registrations')).some((/** @type {any} */ one) => JSON.stringify(one).includes('desk')));
    const taken = await acme.ask('POST', endpoints, { username: 'desk', password: 'another one' });
    assert.equal(taken.status, 422);
    assert.deepEqual(Object.keys(taken.json.errors[0]).sort(), ['code', 'detail', 'status', 'title']);
    assert.equal((await acme.ask('POST', endpoints, { username: 'a b', password: 'x' })).json.errors.length, 2);
    assert.equal((await acme.ask('GET', `${endpoints}?filter_username=des`)).json.data.length, 1);
    assert.equal((await other.ask('GET', endpoints)).json.data.length, 0);
    assert.equal((await other.ask('GET', `${endpoints}/${made.json.id}`)).status, 404);
    assert.equal((await acme.ask('PUT', `${endpoints}/${made.json.id}`, { caller_id: 'Front' })).json.caller_id, 'Front');
});

test('a number leads to a script, then to the endpoint, then nowhere', async () => {
    hook.routes['/hello'] = { version: '1.0.0', sections: { main: [{ hangup: { reason: 'busy' } }] } };
    const made = await acme.ask('POST', numbers, { number: '+15550001111' });
    assert.equal(made.status, 200);
    assert.equal((await other.ask('POST', numbers, { number: '+15550001111' })).status, 422);
    const path = `${numbers}/${made.json.id}`;
    const bound = await acme.ask('PUT', path, { name: 'Main', call_handler: 'relay_script', call_relay_script_url: `${hook.url}/hello` });
    assert.equal(bound.json.call_relay_script_url, `${hook.url}/hello`);
    phone.forget();
    await phone.dial(`sip:+15550001111@${daemon.sip}`);
    const { json } = await hook.request('/hello');
    assert.equal(json.call.project_id, acme.project);
    assert.match(await phone.closed(), /486/);
    const [endpoint] = (await acme.ask('GET', endpoints)).json.data;
    assert.equal((await acme.ask('PUT', path, { call_handler: 'relay_sip_endpoint', call_sip_endpoint_id: endpoint.id })).status, 200);
    assert.equal((await daemon.command('route', '--to', '+15550001111')).targets[0].name, 'desk');
    assert.equal((await acme.ask('PUT', path, { call_handler: 'video_room' })).status, 422);
    assert.equal((await acme.ask('GET', `${numbers}?filter_number=0001111`)).json.data[0].name, 'Main');
    assert.equal((await other.ask('DELETE', path)).status, 404);
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.equal((await acme.ask('GET', path)).status, 404);
});

test('JsSIP in a browser registers with an endpoint that the API made, and a dial of the API rings it', async () => {
    const made = await acme.ask('POST', endpoints, { username: 'webdesk', password: 'secret-of-webdesk', encryption: 'required' });
    assert.equal(made.status, 200);
    const browser = await startChromium();
    const url = `${daemon.url.replace('http', 'ws')}/ws`;
    const web = await startWebPhone(browser, daemon, { stack: 'jssip', user: 'webdesk', password: 'secret-of-webdesk', url });
    await web.waitEvent('registered');
    assert.ok(JSON.stringify(await daemon.command('registrations')).includes('webdesk'));
    const swml = { version: '1.0.0', sections: { main: [{ sleep: 200 }, { hangup: {} }] } };
    const call = await acme.ask('POST', '/api/calling/calls', { command: 'dial', params: { from: '+15551230000', to: 'verto:webdesk', swml } });
    assert.equal(call.json.type, 'relay_webrtc_call');
    await waitFor('the call to be over', async () => (await acme.ask('GET', `/api/voice/logs/${call.json.id}`)).json.status === 'completed', 15000);
    assert.ok((await web.log()).length > 1, String(await web.log()));
    await browser.close();
    assert.equal((await acme.ask('DELETE', `${endpoints}/${made.json.id}`)).status, 204);
});

test('the SIP profile is kept; no numbers are for sale', async () => {
    const profile = '/api/relay/rest/sip_profile';
    assert.deepEqual((await acme.ask('GET', profile)).json.default_encryption, 'optional');
    const changed = await acme.ask('PUT', profile, { default_codecs: ['PCMU'], default_encryption: 'required' });
    assert.deepEqual([changed.status, changed.json.default_codecs], [201, ['PCMU']]);
    assert.deepEqual((await acme.ask('GET', profile)).json, changed.json);
    assert.equal((await other.ask('GET', profile)).json.default_encryption, 'optional');
    assert.equal((await acme.ask('PUT', profile, { default_encryption: 'never' })).status, 422);
    assert.deepEqual((await acme.ask('GET', `${numbers}/search?areacode=555`)).json.data, []);
});

test('groups of numbers: made, filled, counted, emptied; a number that is given back is in none', async () => {
    const groups = '/api/relay/rest/number_groups';
    const made = await acme.ask('POST', groups, { name: 'Support', sticky_sender: true });
    assert.deepEqual([made.status, made.json.name, made.json.sticky_sender, made.json.phone_number_count], [200, 'Support', true, 0]);
    const path = `${groups}/${made.json.id}`, members = `${path}/number_group_memberships`;
    const [first, second] = await Promise.all(['+15550006661', '+15550006662'].map(async (number) => (await acme.ask('POST', numbers, { number })).json));
    assert.deepEqual(first.capabilities, ['voice', 'sms', 'fax']);
    const member = await acme.ask('POST', members, { phone_number_id: first.id });
    assert.deepEqual([member.status, member.json.number_group_id, member.json.phone_number.number], [200, made.json.id, '+15550006661']);
    assert.equal((await acme.ask('POST', members, { phone_number_id: first.id })).status, 422, 'it is there already');
    assert.equal((await acme.ask('POST', members, { phone_number_id: made.json.id })).status, 422, 'that is no number');
    await acme.ask('POST', members, { phone_number_id: second.id });
    assert.equal((await acme.ask('GET', path)).json.phone_number_count, 2);
    assert.equal((await other.ask('GET', path)).status, 404);
    assert.equal((await other.ask('POST', members, { phone_number_id: first.id })).status, 404);
    assert.deepEqual((await other.ask('GET', groups)).json.data, []);
    assert.deepEqual((await acme.ask('PUT', path, { name: 'Sales', sticky_sender: false })).json, { id: made.json.id, name: 'Sales', sticky_sender: false, phone_number_count: 2 });
    assert.deepEqual((await acme.ask('GET', groups)).json.data.map((/** @type {any} */ one) => one.name), ['Sales']);
    assert.equal((await acme.ask('DELETE', `${numbers}/${second.id}`)).status, 204);
    assert.deepEqual((await acme.ask('GET', members)).json.data, [member.json]);
    const one = `/api/relay/rest/number_group_memberships/${member.json.id}`;
    assert.deepEqual((await acme.ask('GET', one)).json, member.json);
    assert.equal((await other.ask('DELETE', one)).status, 404);
    assert.equal((await acme.ask('DELETE', one)).status, 204);
    assert.equal((await acme.ask('GET', path)).json.phone_number_count, 0);
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.equal((await acme.ask('GET', path)).status, 404);
    assert.equal((await acme.ask('DELETE', `${numbers}/${first.id}`)).status, 204);
});

test('an endpoint that is deleted may not call any more', async () => {
    const [endpoint] = (await acme.ask('GET', endpoints)).json.data;
    assert.equal((await acme.ask('DELETE', `${endpoints}/${endpoint.id}`)).status, 204);
    assert.ok(!(await daemon.command('user', 'list')).some((/** @type {any} */ user) => user.name === 'desk'));
});

test('a script that is kept here answers a number; one that cannot run is refused; a web server does the same', async () => {
    const scripts = '/api/fabric/resources/swml_scripts';
    const contents = { version: '1.0.0', sections: { main: [{ request: { url: `${hook.url}/ran`, method: 'POST', body: '${call.to}' } }, { hangup: { reason: 'busy' } }] } };
    const made = await acme.ask('POST', scripts, { name: 'Front desk', contents });
    assert.equal(made.json.display_name, 'Front desk');
    assert.deepEqual(made.json.swml_script.contents, contents);
    assert.equal((await acme.ask('POST', scripts, { name: 'x', contents: { version: '1.0.0' } })).json.errors[0].attribute, 'contents');
    const number = (await acme.ask('POST', numbers, { number: '+15550002222' })).json;
    const bound = await acme.ask('POST', `/api/fabric/resources/${made.json.id}/phone_routes`, { phone_route_id: number.id, handler: 'calling' });
    assert.equal(bound.status, 200);
    assert.equal((await acme.ask('GET', `${numbers}/${number.id}`)).json.calling_handler_resource_id, made.json.id);
    const caller = await startBaresip({ user: 'carl', ...(await account('carl')) });
    await caller.dial(`sip:+15550002222@${daemon.sip}`);
    assert.equal((await hook.request('/ran')).body, '+15550002222');
    assert.match(await caller.closed(), /486/);
    const webhook = await acme.ask('POST', '/api/fabric/resources/swml_webhooks', { name: 'Server', primary_request_url: `${hook.url}/served` });
    assert.equal(webhook.status, 201);
    hook.routes['/served'] = contents;
    assert.equal((await acme.ask('POST', `/api/fabric/resources/${webhook.json.id}/phone_routes`, { phone_route_id: number.id, handler: 'calling' })).status, 200);
    caller.forget();
    await caller.dial(`sip:+15550002222@${daemon.sip}`);
    await hook.request('/served');
    assert.match(await caller.closed(), /486/);
    assert.equal((await acme.ask('PATCH', `/api/fabric/resources/swml_webhooks/${webhook.json.id}`, { name: 'Other' })).json.display_name, 'Other');
    assert.equal((await other.ask('GET', `${scripts}/${made.json.id}`)).status, 404);
    const list = await acme.ask('GET', '/api/fabric/resources', undefined, { free: true });
    assert.deepEqual(list.json.data.map((/** @type {any} */ one) => one.type).sort(), ['swml_script', 'swml_webhook']);
    assert.equal((await acme.ask('DELETE', `${scripts}/${made.json.id}`)).status, 204);
    await caller.stop();
});

/** A user's phone. @param {string} name */
async function account(name) {
    await daemon.command('user', 'add', name);
    const device = await daemon.addDevice(name);
    return { user: device.sip_username, domain: device.sip_domain, password: device.sip_password, outbound: daemon.sip };
}

test('a caller id is verified by a call that says a code, behind an extension; a wrong code is refused', async () => {
    const ids = '/api/relay/rest/verified_caller_ids';
    const held = await startBaresip({ user: 'held', ...(await account('held')), hz: 700 });
    await daemon.command('number', 'add', '+12025550123', '--to', 'user:held');
    await waitFor('the number to be routed', async () => (await daemon.command('route', '--to', '+12025550123')).targets?.[0]?.name === 'held');
    const made = await acme.ask('POST', ids, { number: '+12025550123', name: 'Reception', extension: '12' });
    assert.deepEqual([made.status, made.json.status, made.json.verified], [201, 'Awaiting Verification', false]);
    await held.waitEvent('CALL_INCOMING');
    await held.accept();
    await waitFor('the extension', async () => held.keys() === '12', 15000);
    assert.deepEqual([(await acme.ask('POST', ids, { number: '+12025550123' })).json.errors[0].detail, (await acme.ask('POST', ids, { number: '555' })).status], ['Number is taken', 422]);
    const path = `${ids}/${made.json.id}`;
    assert.equal((await acme.ask('PUT', `${path}/verification`, { verification_code: 'wrong' })).json.errors[0].detail, 'Verification code is invalid');
    assert.equal((await other.ask('PUT', `${path}/verification`, { verification_code: '123456' }, { free: true })).status, 404);
    assert.equal((await acme.ask('PUT', path, { name: 'Front' })).json.name, 'Front');
    assert.deepEqual((await acme.ask('GET', `${ids}?filter_name=Fro&filter_number=0123`)).json.data.map((/** @type {any} */ one) => one.id), [made.json.id]);
    await held.closed();
    assertSpeech(held.heard());
    held.forget();
    assert.equal((await acme.ask('POST', `${path}/verification`)).status, 200);
    await held.waitEvent('CALL_INCOMING');
    await held.hangup();
    assert.equal((await acme.ask('DELETE', path)).status, 204);
    assert.deepEqual((await acme.ask('GET', ids)).json.data, []);
    await held.stop();
});

test('a number says its country and forms; nothing is known of its carrier', async () => {
    const look = (/** @type {string} */ number) => acme.ask('GET', `/api/relay/rest/lookup/phone_number/${number}`);
    const { json } = await look('+14165550123');
    assert.deepEqual([json.country_code, json.country_code_number, json.valid_number, json.national_number_formatted], ['CA', 1, true, '(416) 555-0123']);
    assert.deepEqual((await look('+442079460958?include=carrier,cnam')).json.carrier, {});
    assert.equal((await look('+331')).json.possible_number, false);
    assert.equal((await look('nobody')).status, 404);
});

test('a number of another carrier is taken like others; there are no short codes', async () => {
    const made = await acme.ask('POST', '/api/relay/rest/imported_phone_numbers', { number: '+12025550177', number_type: 'longcode' });
    assert.deepEqual([made.status, made.json.number], [201, '+12025550177']);
    assert.equal((await acme.ask('GET', `${numbers}/${made.json.id}`)).status, 200);
    assert.deepEqual((await acme.ask('GET', '/api/relay/rest/short_codes')).json.data, []);
});
