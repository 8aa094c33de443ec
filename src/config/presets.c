#include "presets.h"

#include "base/num.h"

/* Sorted by name. Register where the provider calls us at our registration. */
const struct preset presets[] = {
    { "3cx", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_YES, CONFIG_PLUS_KEEP,
      "host: your 3CX server; username: authentication id of the extension or trunk" },
    { "asterisk", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP,
      "host: your Asterisk; username and password: those of the auth section in pjsip.conf" },
    { "elevenlabs", "sip.elevenlabs.io", 5060, "elevenlabs.io", CONFIG_UDP, CONFIG_SWITCH_NO,
      CONFIG_PLUS_KEEP, "username: the agent id; password: the API key" },
    { "freeswitch", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP,
      "host: your FreeSWITCH; username and password: those of the user in its directory" },
    { "telnyx", "sip.telnyx.com", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_YES, CONFIG_PLUS_ADD,
      "username and password: those of the SIP connection (credentials)" },
    { "twilio", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_NO, CONFIG_PLUS_ADD,
      "host: the termination URI or SIP domain; username and password: from its credential list" },
    { "vonage", "sip.nexmo.com", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_NO, CONFIG_PLUS_STRIP,
      "username: the API key; password: the API secret" },
};
const size_t n_presets = COUNT_OF(presets);

const struct preset *preset_find(struct slice name)
{
    for (size_t i = 0; i < n_presets; i++)
        if (slice_iis(name, presets[i].name))
            return &presets[i];
    return NULL;
}
