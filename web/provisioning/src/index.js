/** The library's one object. Everything is on the default export, and in a browser on window.SiperbAPI too. */
import { GetDevices, GetProvisioning, GetSession, Login } from './account.js';
import { page, SetBase } from './base.js';
import { ClearCache } from './cache.js';
import { LoadBrowserPhone, ProvisionPhone } from './phone.js';
import { BuildWsUrl, JsSipConfig, SipHeaders, SipJsConfig } from './sip.js';

const window = page();
/** @type {Record<string, any>} */
const Siperb = {
    GetSession,
    Login,
    GetDevices,
    GetProvisioning,
    LoadBrowserPhone,
    ProvisionPhone,
    BuildWsUrl,
    SipHeaders,
    SipJsConfig,
    JsSipConfig,
    SetBase,
    ClearCache,
    /** Add a function of one's own. @param {string} name @param {Function} fn */
    extend(name, fn) {
        Siperb[name] = fn;
        if (window) window.SiperbAPI[name] = fn;
        return Siperb;
    },
};
if (window) {
    window.SiperbAPI = Object.assign(window.SiperbAPI ?? {}, Siperb); // what the page put there stays
    window.Tandem ??= Siperb;
}
export default Siperb;
