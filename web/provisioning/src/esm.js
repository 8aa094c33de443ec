/** Entry of the ES module. */
import { setScriptUrl } from './base.js';
import Siperb from './index.js';

setScriptUrl(import.meta.url);
export default Siperb;
export const {
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
} = Siperb;
