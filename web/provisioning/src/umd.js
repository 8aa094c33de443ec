/** Entry of the builds for script tags and require(). */
import { page, setScriptUrl } from './base.js';
import Siperb from './index.js';

setScriptUrl(page()?.document?.currentScript?.src);
export default Siperb;
