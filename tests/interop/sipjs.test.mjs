/** SIP.js, unmodified, in Chromium: registers by digest, calls and is called, audio measured at both ends. */
import { webPhoneTests } from './lib/sipstack_tests.mjs';

webPhoneTests('sipjs');
