/** The browser phone: two of them and a SIP phone, driven by buttons and keys, judged by what is heard and shown. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertPageHears, assertRecorded, assertSilence } from './lib/checks.mjs';
import { listen, openPage, startChromium } from './lib/chromium.mjs';
import { startDaemon } from './lib/daemon.mjs';
import { startPhone } from './lib/office.mjs';
import { onlyFull, sleep, waitFor } from './lib/process.mjs';
import { buildWeb } from './lib/provisioning.mjs';
import { openWebPhone, startOffice, webPhoneOf } from './lib/webphone.mjs';

const ANNA = { hz: 440, levelDb: -12 };
const OMAR = { hz: 620, levelDb: -12 };
const DESK = { hz: 700, levelDb: -18 };
/** @type {Awaited<ReturnType<typeof startDaemon>>} */ let daemon;
/** @type {any} */ let office;
/** @type {import('playwright-core').Browser} */ let annas;
/** @type {import('playwright-core').Browser} */ let omars;
before(async () => {
    buildWeb();
    [daemon, annas, omars] = await Promise.all([startDaemon(), startChromium(ANNA), startChromium(OMAR)]);
    office = await startOffice(daemon, ['anna', 'omar', 'zoe', 'zoe-alone']);
});
after(async () => {
    await Promise.all([annas?.close(), omars?.close()]);
    await daemon?.stop();
});

const noCalls = () => waitFor('no call to be left', async () => (await daemon.command('calls')).length === 0);

/** Phones that are closed afterwards, whatever happens. @param {any[]} opening @param {(...phones: any[]) => Promise<void>} body */
async function withPhones(opening, body) {
    const phones = await Promise.all(opening);
    try {
        await body(...phones);
        for (const phone of phones) if (phone.page) assert.deepEqual(phone.page.errors, []);
    } finally {
        for (const phone of phones) await (phone.close ?? phone.stop)();
    }
    await noCalls();
}
const anna = (/** @type {any} */ config = {}) => openWebPhone(annas, office, 'anna', config);
const omar = (/** @type {any} */ config = {}) => openWebPhone(omars, office, 'omar', config);
const desk = (/** @type {any} */ config = {}) => startPhone(daemon, 'desk', { ...DESK, ...config });

/** @param {any} from @param {any} to @param {string} number */
async function call(from, to, number) {
    await from.dial(number);
    await from.waitState('ringing');
    await to.answer();
    await Promise.all([from.waitState('up'), to.waitState('up')]);
}
const silence = async (/** @type {any} */ page) => {
    await waitFor('silence', async () => {
        const sound = await listen(page, 0.6);
        try {
            assertSilence(sound);
            return true;
        } catch {
            return false;
        }
    });
};

test('signing in: a wrong token says so, the right one registers and is not kept; signing out forgets', async () => {
    const page = await openPage(annas);
    await page.goto(`${office.url}/phone/#token=wrong`);
    await page.waitForSelector('#token');
    assert.ok(!page.url().includes('wrong'), 'the token left the address');
    await page.click('#signIn');
    await page.waitForSelector('text=This token is not valid.');
    await page.fill('#token', office.tokens.anna);
    await page.click('#signIn');
    await page.waitForSelector('#link[data-link="registered"]');
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    assert.ok(kept.includes('SipPassword') && !kept.includes(office.tokens.anna));
    await page.reload();
    await page.waitForSelector('#link[data-link="registered"]');
    await page.click('.tabs [data-tab="settings"]');
    await page.click('#signOut');
    await page.waitForSelector('#token');
    assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes('SipPassword'));
    await waitFor('no registration', async () => (await daemon.command('registrations')).every((/** @type {any} */ row) => row.user !== 'anna'));
    await page.context().close();
});

test('several devices: one is chosen; a server that is gone says so', onlyFull, async () => {
    const add = (/** @type {string} */ what) => daemon.command('device', 'add', '--user', 'zoe', '--description', what);
    await add('Second desk');
    await daemon.command('device', 'disable', (await add('Disabled one')).device_token);
    const page = await openPage(annas);
    await page.goto(`${office.url}/phone/`);
    await page.fill('#token', office.tokens.zoe);
    await page.route('**/Login', (/** @type {any} */ route) => route.abort());
    await page.click('#signIn');
    await page.waitForSelector('text=The server cannot be reached.');
    await page.unroute('**/Login');
    await page.click('#signIn');
    await page.click('text=Second desk');
    assert.equal(await page.locator('text=Disabled one').count(), 0);
    await page.click('text=Continue');
    await page.waitForSelector('#link[data-link="registered"]');
    await page.context().close();
});

test('two phones: tones both ways, mute, hold, resume, keys, history', () =>
    withPhones([anna(), omar()], async (a, o) => {
        await call(a, o, 'omar');
        await assertPageHears(a.page, OMAR.hz, OMAR.levelDb, 1.5);
        await assertPageHears(o.page, ANNA.hz, ANNA.levelDb, 1.5);
        await a.page.click('#mute');
        await silence(o.page);
        await a.page.keyboard.press('m');
        await assertPageHears(o.page, ANNA.hz, ANNA.levelDb, 1.5);
        await a.page.click('#hold');
        await a.waitState('held');
        await o.page.waitForSelector('text=The other side put you on hold');
        await silence(a.page);
        await a.page.click('#hold');
        await a.waitState('up');
        await assertPageHears(a.page, OMAR.hz, OMAR.levelDb, 1.5);
        await assertPageHears(o.page, ANNA.hz, ANNA.levelDb, 1.5);
        await a.page.waitForSelector('.quality[data-bars="4"]', { timeout: 8000 });
        await o.hangUp();
        await a.waitState('ended');
        await a.waitNoCall();
        await a.page.click('.tabs [data-tab="recents"]');
        assert.match(await a.page.textContent('.rows li:first-child'), /omar/);
    }));

test('a SIP phone calls and is called: tones, keys, who hangs up, busy', () =>
    withPhones([anna(), desk()], async (a, d) => {
        await a.dial('desk');
        await d.waitEvent('CALL_INCOMING');
        await d.accept();
        await a.waitState('up');
        await assertPageHears(a.page, DESK.hz, DESK.levelDb, 1.5);
        await a.press('15*#');
        await waitFor(`the desk to hear the keys, not ${d.keys()}`, () => d.keys() === '15*#');
        await sleep(1500);
        await a.hangUp();
        await d.waitEvent('CALL_CLOSED');
        await sleep(300);
        assertRecorded(d.heard(), ANNA.hz, ANNA.levelDb, 1.5);
        await a.waitNoCall();

        d.forget();
        await d.dial(`sip:anna@${daemon.sip}`);
        await a.answer();
        await a.waitState('up');
        await assertPageHears(a.page, DESK.hz, DESK.levelDb, 1.5);
        await d.hangup();
        await a.waitState('ended');
        await a.waitNoCall();

        d.forget();
        await a.dial('desk');
        await d.waitEvent('CALL_INCOMING');
        await d.hangup();
        await a.page.waitForSelector('text=Busy');
        await a.waitNoCall();
        await a.dial('nobody-here');
        await a.page.waitForSelector('text=No such number');
        await a.waitNoCall();
    }));

test('a second call: hold and answer, switch, decline; without call waiting and when not disturbed: busy', () =>
    withPhones([anna(), omar(), desk()], async (a, o, d) => {
        await call(a, o, 'omar');
        await d.dial(`sip:anna@${daemon.sip}`);
        await a.page.waitForSelector('text=Hold and answer');
        await a.answer();
        await a.page.waitForSelector('.others >> text=On hold');
        await o.page.waitForSelector('text=The other side put you on hold');
        await a.page.click('text=Switch');
        await o.page.waitForFunction(() => !document.body.textContent?.includes('put you on hold'));
        await assertPageHears(o.page, ANNA.hz, ANNA.levelDb, 1.5);
        await a.hangUp();
        await o.waitState('ended');
        await a.page.waitForSelector('.call[data-state="held"]');
        await a.page.click('#hold');
        await a.waitState('up');
        await a.hangUp();
        await d.waitEvent('CALL_CLOSED');
        await a.waitNoCall();

        await a.page.click('#dnd');
        d.forget();
        await d.dial(`sip:anna@${daemon.sip}`);
        assert.match(await d.closed(), /486|busy/i);
        await a.page.click('#dnd');
        await a.page.click('.tabs [data-tab="settings"]');
        await a.page.click('text=Call waiting');
        await a.dial('echo');
        await a.waitState('up');
        d.forget();
        await d.dial(`sip:anna@${daemon.sip}`);
        assert.match(await d.closed(), /486|busy/i);
        await a.hangUp();
        await a.waitNoCall();
        await a.page.click('.tabs [data-tab="recents"]');
        assert.ok((await a.page.locator('.rows li.missed').count()) >= 2);
    }));

test('answering automatically, giving up, declining', onlyFull, () =>
    withPhones([anna({ settings: { autoAnswer: true } }), omar()], async (a, o) => {
        await o.dial('anna');
        await Promise.all([a.waitState('up'), o.waitState('up')]);
        await o.hangUp();
        await Promise.all([a.waitNoCall(), o.waitNoCall()]);
        await a.dial('omar');
        await o.page.waitForSelector('.incoming');
        await a.hangUp();
        await o.page.waitForSelector('.incoming', { state: 'detached' });
        await Promise.all([a.waitNoCall(), o.waitNoCall()]);
        await a.dial('omar');
        await o.page.waitForSelector('.incoming');
        await o.decline();
        await a.page.waitForSelector('text=Busy');
        await a.waitNoCall();
    }));

test('a transfer without asking: the two others talk, we are out', () =>
    withPhones([anna(), omar(), desk({ answers: 'auto' })], async (a, o, d) => {
        await call(a, o, 'omar');
        await a.page.click('#transfer');
        await a.page.fill('#transferTarget', 'desk');
        await a.page.click('#transferNow');
        await d.waitEvent('CALL_ESTABLISHED');
        await a.waitNoCall();
        await assertPageHears(o.page, DESK.hz, DESK.levelDb, 1.5);
        await sleep(1500);
        await o.hangUp();
        await d.waitEvent('CALL_CLOSED');
        await sleep(300);
        assertRecorded(d.heard(), OMAR.hz, OMAR.levelDb, 1.5);
        await o.waitNoCall();
    }));

test('a transfer to nobody: we keep the call and are told', () =>
    withPhones([anna(), omar()], async (a, o) => {
        await call(a, o, 'omar');
        await a.page.click('#transfer');
        await a.page.fill('#transferTarget', 'nobody-here');
        await a.page.click('#transferNow');
        await a.page.waitForSelector('text=Not transferred.');
        if ((await a.state()) === 'held') await a.page.click('#hold');
        await a.waitState('up');
        await assertPageHears(o.page, ANNA.hz, ANNA.levelDb, 1.5);
        await a.hangUp();
        await Promise.all([a.waitNoCall(), o.waitNoCall()]);
    }));

test('a transfer after asking: we speak to the desk, then connect the two', () =>
    withPhones([anna(), omar(), desk({ answers: 'auto' })], async (a, o, d) => {
        await call(a, o, 'omar');
        await a.page.click('#transfer');
        await a.page.fill('#transferTarget', 'desk');
        await a.page.click('#askFirst');
        await d.waitEvent('CALL_ESTABLISHED');
        await a.page.waitForSelector('#complete:not([disabled])');
        await o.page.waitForSelector('text=The other side put you on hold');
        await a.page.click('#complete');
        await a.waitNoCall();
        await assertPageHears(o.page, DESK.hz, DESK.levelDb, 1.5);
        await sleep(1500);
        await o.hangUp();
        await d.waitEvent('CALL_CLOSED');
        await sleep(300);
        assertRecorded(d.heard(), OMAR.hz, OMAR.levelDb, 1.5);
        await o.waitNoCall();
    }));

test('recording: both voices are in the file that the history plays', () =>
    withPhones([anna(), desk({ answers: 'auto' })], async (a, d) => {
        await a.dial('desk');
        await a.waitState('up');
        await sleep(500);
        await a.page.click('#record');
        await a.page.waitForSelector('.recording');
        await sleep(3000);
        await d.hangup();
        await a.waitNoCall();
        await a.page.click('.tabs [data-tab="recents"]');
        await a.page.click('.rows li:first-child .row-main');
        await a.page.click('text=Play recording');
        const levels = await a.page.evaluate(async () => {
            const player = await new Promise((done) => {
                const look = () => (document.querySelector('.player audio') ? done(document.querySelector('.player audio')) : setTimeout(look, 50));
                look();
            });
            const bytes = await (await fetch(player.src)).arrayBuffer();
            const sound = await new AudioContext({ sampleRate: 48000 }).decodeAudioData(bytes);
            const data = sound.getChannelData(0).subarray(48000, 96000);
            const level = (/** @type {number} */ hz) => {
                let re = 0;
                let im = 0;
                data.forEach((v, i) => ((re += v * Math.cos((2 * Math.PI * hz * i) / 48000)), (im += v * Math.sin((2 * Math.PI * hz * i) / 48000))));
                return 20 * Math.log10((2 * Math.hypot(re, im)) / data.length);
            };
            return { seconds: sound.duration, own: level(440), far: level(700), none: level(555) };
        });
        assert.ok(levels.seconds > 2.5, JSON.stringify(levels));
        assert.ok(Math.abs(levels.own + 12) < 3 && Math.abs(levels.far + 18) < 3 && levels.none < -40, JSON.stringify(levels));
    }));

test('a reload during a call ends it cleanly, and the phone is there again', () =>
    withPhones([anna(), omar()], async (a, o) => {
        await call(a, o, 'omar');
        await a.page.reload();
        await o.waitState('ended', 5000);
        await a.waitLink('registered');
        await noCalls();
        await a.page.click('.tabs [data-tab="recents"]');
        assert.match(await a.page.textContent('.rows li:first-child'), /omar/);
        await call(o, a, 'anna');
        await o.hangUp();
        await Promise.all([a.waitNoCall(), o.waitNoCall()]);
    }));

test('offline: the phone opens from its own copy, says so, and comes back by itself', async () => {
    const a = await anna();
    await a.page.evaluate(() => navigator.serviceWorker.ready);
    await a.page.waitForTimeout(500);
    await a.page.context().setOffline(true);
    await a.page.reload();
    await a.page.waitForSelector('.keypad');
    await a.waitLink('offline');
    await a.page.waitForSelector('text=No connection to the server.');
    await a.page.context().setOffline(false);
    await a.waitLink('registered');
    await a.page.click('.tabs [data-tab="settings"]');
    await a.page.click('#signOut');
    await a.page.context().setOffline(true);
    await a.page.reload();
    await a.page.waitForSelector('text=You are offline.');
    await a.close();
});

test('it can be installed as an app', onlyFull, async () => {
    const a = await anna();
    const devtools = await a.page.context().newCDPSession(a.page);
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    assert.deepEqual(installabilityErrors.map((each) => each.errorId).filter((id) => id !== 'in-incognito'), []); // a test's window is one
    const { errors } = await devtools.send('Page.getAppManifest');
    assert.deepEqual(errors, []);
    await a.close();
});

/** JsSIP closes a connection that late when something was still under way. */
const JSSIP_STOP_MS = 2500;
test('two windows: the second asks, and takes the phone over', async () => {
    const a = await anna();
    const other = await a.page.context().newPage();
    await other.goto(`${office.url}/phone/`);
    await other.waitForSelector('text=This phone is open in another window');
    await other.click('#takeOver');
    await other.waitForSelector('#link[data-link="registered"]');
    await a.page.waitForSelector('text=This phone is open in another window');
    // what the first window was still stopping ends neither the link nor the binding of the one that took over
    const isOurs = async () => (await daemon.command('registrations')).filter((/** @type {any} */ row) => row.user === 'anna').length === 1;
    await sleep(JSSIP_STOP_MS);
    assert.equal(await other.getAttribute('#link', 'data-link'), 'registered');
    assert.ok(await isOurs(), 'the server has it too');
    await a.page.click('#takeOver');
    await a.waitLink('registered');
    await other.waitForSelector('text=This phone is open in another window');
    await other.click('#takeOver');
    await other.waitForSelector('#link[data-link="registered"]');
    await sleep(JSSIP_STOP_MS);
    assert.equal(await other.getAttribute('#link', 'data-link'), 'registered', 'there and back again, at once');
    assert.ok(await isOurs());
    await a.close();
});

test('a SIP account instead of a token', onlyFull, async () => {
    const page = await openPage(annas);
    await page.goto(`${office.url}/phone/`);
    await page.click('text=Use a SIP account instead');
    const { sip_username, sip_domain, sip_password } = await daemon.addDevice('anna');
    await page.fill('[name="address"]', `${sip_username}@${sip_domain}`);
    await page.fill('[name="password"]', sip_password);
    await page.click('#signIn');
    const phone = webPhoneOf(page);
    await phone.waitLink('registered');
    await phone.dial('echo');
    await phone.waitState('up');
    await phone.hangUp();
    await phone.waitNoCall();
    await phone.close();
});

test('the keyboard alone: dial, send keys, hold, hang up', () =>
    withPhones([anna(), omar()], async (a, o) => {
        await a.page.keyboard.type('omar'); // letters belong to nobody outside the field
        assert.equal(await a.page.inputValue('#number'), '');
        await a.page.focus('#number');
        await a.page.keyboard.type('omar');
        await a.page.keyboard.press('Enter');
        await o.page.waitForSelector('.incoming');
        await o.page.keyboard.press('Enter');
        await a.waitState('up');
        await a.page.keyboard.press('h');
        await a.waitState('held');
        await a.page.keyboard.press('h');
        await a.waitState('up');
        await o.page.keyboard.press('Escape');
        await Promise.all([a.waitNoCall(), o.waitNoCall()]);
    }));

test('contacts: added, found while dialling, named when they call', onlyFull, () =>
    withPhones([anna(), omar()], async (a, o) => {
        await a.page.click('.tabs [data-tab="contacts"]');
        await a.page.click('header [aria-label="Add contact"]');
        await a.page.fill('dialog [name="name"]', 'Omar at the desk');
        await a.page.fill('dialog [name="number"]', 'omar');
        await a.page.click('dialog >> text=Save');
        await a.page.waitForSelector('.rows >> text=Omar at the desk');
        await a.page.fill('#number', 'desk');
        await a.page.waitForSelector('.suggestions >> text=Omar at the desk');
        await o.dial('anna');
        await a.page.waitForSelector('.incoming >> text=Omar at the desk');
        await a.decline();
        await Promise.all([a.waitNoCall(), o.waitNoCall()]);
        await a.page.reload();
        await a.waitLink('registered');
        await a.page.click('.tabs [data-tab="contacts"]');
        await a.page.waitForSelector('.rows >> text=Omar at the desk');
    }));

const SIZES = [
    { width: 320, height: 320 },
    { width: 390, height: 844 },
    { width: 400, height: 640 },
    { width: 1280, height: 800 },
];
for (const viewport of SIZES)
    for (const locale of ['en-US', 'ar-EG'])
        test(`it fits ${viewport.width}x${viewport.height} in ${locale}, and every control has a name`, viewport.width === 390 || (viewport.width === 400 && locale === 'en-US') ? {} : onlyFull, async () => {
            const a = await anna({ context: { viewport, locale } });
            const { page } = a;
            assert.equal(await page.getAttribute('html', 'dir'), locale === 'ar-EG' ? 'rtl' : 'ltr');
            const check = async (/** @type {string} */ where) => {
                const found = await page.evaluate(() => {
                    const named = (/** @type {any} */ e) => e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.placeholder;
                    const controls = [...document.querySelectorAll('button, input, select, a, [role="meter"], [role="alertdialog"]')];
                    const small = controls.filter((e) => e.tagName === 'BUTTON' && e.checkVisibility() && (e.getBoundingClientRect().height < 28 || e.getBoundingClientRect().width < 28));
                    return { wide: document.documentElement.scrollWidth > innerWidth, nameless: controls.filter((e) => e.checkVisibility() && !named(e)).map((e) => e.outerHTML.slice(0, 120)), small: small.map((e) => e.outerHTML.slice(0, 120)) };
                });
                assert.deepEqual(found, { wide: false, nameless: [], small: [] }, where);
            };
            await check('keypad');
            for (const tab of ['recents', 'contacts', 'settings']) {
                await page.click(`.tabs [data-tab="${tab}"]`);
                await check(tab);
            }
            await a.dial('echo');
            await a.waitState('up');
            await check('call');
            const button = await page.locator('#hangUp').boundingBox();
            const tabs = await page.locator('.tabs').boundingBox();
            const bottom = tabs && tabs.y > 100 ? tabs.y : viewport.height; // on a desk they are at the side
            assert.ok(button && button.x >= 0 && button.x + button.width <= viewport.width && button.y + button.height <= bottom, JSON.stringify({ button, bottom }));
            await page.locator('#hangUp').click();
            await a.waitNoCall();
            assert.deepEqual(page.errors, []);
            await a.close();
        });

test('themes: the person chooses, the system does otherwise', onlyFull, async () => {
    const a = await anna({ context: { colorScheme: 'dark' } });
    const colour = () => a.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await colour();
    await a.page.emulateMedia({ colorScheme: 'light' });
    const light = await colour();
    assert.notEqual(light, dark);
    await a.page.click('.tabs [data-tab="settings"]');
    await a.page.click('text=Dark');
    assert.equal(await colour(), dark);
    await a.page.reload();
    await a.waitLink('registered');
    assert.equal(await colour(), dark);
    await a.close();
});

test('devices: the microphone is tested with a meter, the choice is kept', onlyFull, async () => {
    const a = await anna();
    await a.page.click('.tabs [data-tab="settings"]');
    await a.page.click('#testMicrophone');
    await a.page.waitForFunction(() => Number(document.querySelector('.group [role="meter"]')?.getAttribute('aria-valuenow')) > 50);
    const option = await a.page.evaluate(() => [...document.querySelectorAll('select')][0].options[1]?.value);
    assert.ok(option, 'a device is listed');
    await a.page.selectOption('select', option);
    assert.ok((await a.page.evaluate(() => localStorage['tandem.phone.settings'])).includes(option));
    await a.close();
});

test('a blocked microphone is said in words', async () => {
    const a = await anna();
    await a.page.evaluate(() => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
    });
    await a.dial('echo');
    await a.page.waitForSelector('text=The microphone is not allowed.');
    await a.close();
});

test('a session that was ended: the phone registers again by its password alone', async () => {
    const page = await openPage(annas);
    await page.addInitScript(() => {
        const Original = WebSocket;
        const opened = /** @type {WebSocket[]} */ ([]);
        Object.assign(window, {
            opened,
            WebSocket: class extends Original {
                constructor(/** @type {string} */ url, /** @type {any} */ protocols) {
                    super(url, protocols);
                    opened.push(this);
                }
            },
        });
    });
    const sent = /** @type {string[]} */ ([]);
    page.on('websocket', (/** @type {any} */ socket) => socket.on('framesent', (/** @type {any} */ frame) => sent.push(String(frame.payload))));
    const user = await daemon.command('user', 'add', 'brief');
    await daemon.command('device', 'add', '--user', 'brief');
    const token = await daemon.command('pat', 'add', '--user', 'brief');
    await page.goto(`${office.url}/phone/`);
    await page.fill('#token', token.access_token);
    await page.click('#signIn');
    const phone = webPhoneOf(page);
    await phone.waitLink('registered');
    assert.ok(sent.some((text) => /^REGISTER [\s\S]*X-Siperb-Sid/.test(text)));
    const row = (await daemon.command('pat', 'list')).find((/** @type {any} */ each) => each.user_id === user.user_id);
    await daemon.command('pat', 'revoke', row.token_id);
    sent.length = 0;
    await page.evaluate(() => /** @type {any} */ (window).opened.at(-1).close());
    await waitFor('a registration without the session', () => sent.some((text) => /^REGISTER /.test(text) && !/X-Siperb-Sid/.test(text)), 20000);
    await phone.waitLink('registered');
    await phone.dial('echo');
    await phone.waitState('up');
    await phone.hangUp();
    await phone.waitNoCall();
    await phone.close();
});

test('a device that was revoked: the phone says that it is not accepted', async () => {
    const zoe = await openWebPhone(annas, office, 'zoe-alone');
    const [device] = await daemon.command('device', 'list', '--user', 'zoe-alone');
    await daemon.command('device', 'revoke', device.device_token);
    await zoe.page.reload();
    await zoe.page.waitForSelector('.banner.bad');
    assert.match(await zoe.page.textContent('.banner.bad'), /does not accept this phone: 40[13]/);
    await zoe.close();
});
