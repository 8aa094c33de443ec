/** Texts that come in run a number's program: LaML, SWML's messaging flavour; brought by phones and by a provider's HTTP requests. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startDaemon } from './lib/daemon.mjs';
import { startHook } from './lib/hook.mjs';
import { waitFor } from './lib/process.mjs';
import { addProject } from './lib/signalwire.mjs';
import { startSipPhone } from './lib/sipphone.mjs';

const { RestClient } = createRequire(import.meta.url)('@signalwire/compatibility-api');
/** @type {any} */ let daemon;
/** @type {any} */ let hook;
/** @type {any} */ let acme;
const number = '+15550001111', customer = '+15557770000';
const provider = 'Basic ' + Buffer.from('me:provider-secret').toString('base64');

before(async () => {
    hook = await startHook();
    hook.routes['/sms'] = (/** @type {any} */ request) => ({ id: `p-${request.json.id}` });
    daemon = await startDaemon({ yaml: `
messages:
  to: http
  rate: 100
  http: {url: "${hook.url}/sms", username: me, password: provider-secret, signing_key: shared, media: true}
users: {ann: {password: ann-password-1}}
` });
    acme = await addProject(daemon, 'acme');
    assert.equal((await acme.ask('POST', '/api/relay/rest/phone_numbers', { number })).status, 200);
});
after(async () => {
    acme?.stop();
    await daemon?.stop();
});

const idOf = async () => (await acme.ask('GET', '/api/relay/rest/phone_numbers')).json.data[0].id;
const post = (/** @type {string} */ path, /** @type {string} */ body, headers = {}) =>
    fetch(daemon.url + path, { method: 'POST', body, headers: { authorization: provider, ...headers } });
const bring = async (/** @type {string} */ body) => assert.equal((await post('/messages/inbound', JSON.stringify({ from: customer, to: number, body }))).status, 202);
/** What the provider got to send, with that text. @param {string} body */
const sent = (body) => waitFor(`the text ${body}`, () => hook.requests.find((/** @type {any} */ r) => r.path === '/sms' && r.json?.body === body));

test('LaML: the form is signed, Message answers, Redirect goes on', async () => {
    hook.routes['/texts'] = '<Response><Message>Hello there</Message><Redirect>more</Redirect></Response>';
    hook.routes['/more'] = '<Response><Message to="+15558880000">And to another</Message></Response>';
    const set = await acme.ask('PUT', `/api/relay/rest/phone_numbers/${await idOf()}`, { message_handler: 'laml_webhooks', message_request_url: `${hook.url}/texts` });
    assert.equal(set.status, 200);
    await bring('what is new?');
    const asked = await hook.request('/texts');
    const fields = Object.fromEntries(new URLSearchParams(asked.body));
    assert.deepEqual([fields.From, fields.To, fields.Body, fields.AccountSid, fields.NumMedia], [customer, number, 'what is new?', acme.project, '0']);
    assert.ok(RestClient.validateRequest(acme.signingKey, asked.headers['x-signalwire-signature'], `${hook.url}/texts`, fields));
    assert.deepEqual([(await sent('Hello there')).json.to, (await sent('Hello there')).json.from], [customer, number]);
    assert.equal((await sent('And to another')).json.to, '+15558880000');
    const log = (await acme.ask('GET', '/api/messaging/logs')).json.data;
    assert.ok(log.some((/** @type {any} */ one) => one.direction === 'inbound' && one.status === 'received' && one.id === fields.MessageSid));
    assert.ok(log.some((/** @type {any} */ one) => one.direction === 'outbound-reply'));
});

test('the address fails: the fallback is asked', async () => {
    hook.routes['/broken'] = 500;
    hook.routes['/spare'] = '<Response><Message>From the spare</Message></Response>';
    await acme.ask('PUT', `/api/relay/rest/phone_numbers/${await idOf()}`, { message_request_url: `${hook.url}/broken`, message_fallback_url: `${hook.url}/spare` });
    await bring('anybody?');
    await sent('From the spare');
    assert.equal((await hook.request('/spare')).method, 'POST');
    await acme.ask('PUT', `/api/relay/rest/phone_numbers/${await idOf()}`, { message_fallback_method: 'GET' });
    await bring('once more?');
    const again = await hook.request('/spare', 2);
    assert.deepEqual([again.method, again.query.get('Body')], ['GET', 'once more?']);
});

test('an application answers texts, at the address that it has now', async () => {
    const account = `/api/laml/2010-04-01/Accounts/${acme.project}`;
    const made = await acme.ask('POST', `${account}/Applications`, { FriendlyName: 'texts', SmsUrl: `${hook.url}/nobody` });
    hook.routes['/app-texts'] = '<Response><Message>From the application</Message></Response>';
    await acme.ask('PUT', `/api/relay/rest/phone_numbers/${await idOf()}`, { message_handler: 'laml_application', message_laml_application_id: made.json.sid });
    await acme.ask('POST', `${account}/Applications/${made.json.sid}`, { SmsUrl: `${hook.url}/app-texts`, SmsMethod: 'GET' });
    await bring('application?');
    await sent('From the application');
    const asked = await hook.request('/app-texts');
    assert.deepEqual([asked.method, asked.query.get('Body')], ['GET', 'application?']);
});

test('SWML\'s messaging flavour: switch, request, reply with what came, jumps within bounds', async () => {
    hook.routes['/lookup'] = { name: 'Bob' };
    const contents = { version: '1.0.0', sections: {
        main: [
            { switch: { variable: '%{message.body}', transform: 'lowercase_trim', case: { hours: [{ reply: 'We are open from nine' }], loop: [{ label: 'again' }, { goto: { label: 'again' } }] },
                default: [{ request: { url: `${hook.url}/lookup`, body: { who: '%{message.from}' }, save_variables: true } }, { execute: 'greet' }] } },
        ],
        greet: [{ reply: { body: 'Hi %{request_response.name}, you said %{message.body}' } }, { return: {} }, { reply: 'never' }],
    } };
    const script = await acme.ask('POST', '/api/fabric/resources/swml_scripts', { name: 'texts', contents, script_type: 'messaging' }, { free: true }); // the vendor's schema of scripts is for calls only
    assert.equal(script.status, 200);
    assert.equal((await acme.ask('POST', `/api/fabric/resources/${script.json.id}/phone_routes`, { phone_route_id: await idOf(), handler: 'messaging' })).status, 200);
    await bring(' HOURS ');
    await sent('We are open from nine');
    await bring('loop');
    await waitFor('the end of the loop', () => /more than 100 steps/.test(daemon.log()));
    await bring('a question');
    await sent('Hi Bob, you said a question');
    assert.equal(hook.events('/lookup')[0].who, customer);
    assert.ok(!hook.requests.some((/** @type {any} */ r) => r.json?.body === 'never'));
});

test('a phone texts the number: the program answers it', async () => {
    hook.routes['/from-phone'] = '<Response><Message>Seen</Message></Response>';
    await acme.ask('PUT', `/api/relay/rest/phone_numbers/${await idOf()}`, { message_handler: 'laml_webhooks', message_request_url: `${hook.url}/from-phone` });
    const phone = await startSipPhone({ server: daemon.sip, user: 'ann', password: 'ann-password-1' });
    assert.equal((await phone.register()).status, 200);
    assert.equal((await phone.request('MESSAGE', `sip:${number}@tandem`, { lines: ['Content-Type: text/plain'], body: 'by SIP' })).status, 202);
    const fields = Object.fromEntries(new URLSearchParams((await hook.request('/from-phone')).body));
    assert.deepEqual([fields.Body, fields.From], ['by SIP', 'ann']);
    await phone.stop();
});

test('the provider: receipts by its id, forms, signatures; strangers are refused', async () => {
    const made = await acme.ask('POST', '/api/messaging/messages', { from: number, to: customer, body: 'a receipt please' });
    await sent('a receipt please');
    const status = async () => (await acme.ask('GET', `/api/messaging/logs/${made.json.id}`)).json.status;
    await waitFor('it to be sent', async () => (await status()) === 'sent');
    const receipt = `id=p-${made.json.id}&status=delivered`;
    assert.equal((await fetch(`${daemon.url}/messages/receipt`, { method: 'POST', body: receipt })).status, 401);
    assert.equal((await post('/messages/receipt', receipt, { authorization: 'Basic bWU6d3Jvbmc=' })).status, 401);
    const signature = `sha256=${createHmac('sha256', 'shared').update(receipt).digest('hex')}`;
    assert.equal((await fetch(`${daemon.url}/messages/receipt`, { method: 'POST', body: receipt, headers: { 'x-tandem-signature': signature } })).status, 202);
    await waitFor('delivered', async () => (await status()) === 'delivered');
    assert.equal((await post('/messages/receipt', 'id=x&status=whatever')).status, 422);
    assert.equal((await post('/messages/inbound', 'From=%2B1555&To=')).status, 422);
    assert.equal((await fetch(`${daemon.url}/messages/inbound`, { headers: { authorization: provider } })).status, 405);
});
