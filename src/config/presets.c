#include "presets.h"

#include "base/num.h"

enum { NAME_WIDTH = 12, TITLE_WIDTH = 16 };

#define TWO "" /* the usual PCMU and PCMA */
#define WIDE "G722, PCMU, PCMA"

/* clang-format off */
/* Sorted by name. Register where the provider calls us at our registration; a PBX decides that by
 * how the account is made there, so `auto` asks it. */
const struct preset presets[] = {
    { "3cx", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_YES, CONFIG_PLUS_KEEP, WIDE, "3CX",
      "host: the server; username: the extension; auth_username: its authentication id" },
    { "8x8", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_ADD, TWO, "8x8",
      "host: the signalling address of the SIP trunk; username and password: the trunk's" },
    { "asterisk", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP, TWO,
      "Asterisk", "host: the server; username and password: of the auth section in pjsip.conf" },
    { "avaya", "", CONFIG_AUTO, "", CONFIG_TCP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP, TWO, "Avaya",
      "host: Session Manager or IP Office; domain: its SIP domain; username: the extension" },
    { "cisco", "", CONFIG_AUTO, "", CONFIG_TCP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP, WIDE, "Cisco",
      "host: Unified CM or CUBE; username and password: the digest user of the SIP device" },
    { "deepgram", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_NO, CONFIG_PLUS_KEEP, TWO,
      "Deepgram", "host: the SIP address in front of the voice agent; username: agent; password: key" },
    { "elevenlabs", "sip.elevenlabs.io", 5060, "elevenlabs.io", CONFIG_UDP, CONFIG_SWITCH_NO,
      CONFIG_PLUS_KEEP, TWO, "ElevenLabs", "username: the agent id; password: the API key" },
    { "etisalat-uae", "ct-webrtc.etisalat.ae", 443, "", CONFIG_TLS, CONFIG_SWITCH_NO,
      CONFIG_PLUS_KEEP, "PCMU, PCMA", "Etisalat CloudTalk",
      "username and password: of ct-portal.etisalat.ae; docs/kandy-3cx.md" },
    { "freeswitch", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP, WIDE,
      "FreeSWITCH", "host: the server; username and password: of the user in its directory" },
    { "mitel", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_AUTO, CONFIG_PLUS_KEEP, TWO, "Mitel",
      "host: MiVoice or its border gateway; username: the extension; password: its SIP password" },
    { "ringcentral", "", CONFIG_AUTO, "sip.ringcentral.com", CONFIG_UDP, CONFIG_SWITCH_YES,
      CONFIG_PLUS_STRIP, TWO, "RingCentral",
      "host and port: the outbound proxy; username: the number; auth_username: authorization id" },
    { "telnyx", "sip.telnyx.com", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_YES, CONFIG_PLUS_ADD,
      WIDE, "Telnyx", "username and password: of the SIP connection (credentials)" },
    { "twilio", "", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_NO, CONFIG_PLUS_ADD, TWO, "Twilio",
      "host: the termination URI or SIP domain; username and password: of its credential list" },
    { "vonage", "sip.nexmo.com", CONFIG_AUTO, "", CONFIG_UDP, CONFIG_SWITCH_NO, CONFIG_PLUS_STRIP,
      TWO, "Vonage", "username: the API key; password: the API secret" },
};

/* What else is known, as options of the trunk. */
const struct preset_value preset_values[] = {
    { "etisalat-uae", "type", "kandy" },
    { "etisalat-uae", "ice_servers",
      "turns:ct-turn1.etisalat.ae:443?transport=tcp, turns:ct-turn2.etisalat.ae:443?transport=tcp, "
      "stun:ct-turn1.etisalat.ae:3478?transport=udp, stun:ct-turn2.etisalat.ae:3478?transport=udp" },
    { "etisalat-uae", "numbers", "uae" },
    { "etisalat-uae", "emergency",
      "155, 911, 112, 113, 194, 000, 192, 901, 909, 991, 992, 993, 996, 997, 998, 999" },
};
/* clang-format on */
const size_t n_preset_values = COUNT_OF(preset_values);
const size_t n_presets = COUNT_OF(presets);

const struct preset *preset_find(struct slice name)
{
    for (size_t i = 0; i < n_presets; i++)
        if (slice_iis(name, presets[i].name))
            return &presets[i];
    return NULL;
}

void presets_print(struct buf *out)
{
    buf_text(out, "Providers for SIP_PROVIDER and provider: (leave it out for every other one;\n"
                  "host, username, password and domain are all that a SIP server needs):\n\n");
    for (size_t i = 0; i < n_presets; i++)
        buf_printf(out, "  %-*s %-*s %s\n", NAME_WIDTH, presets[i].name, TITLE_WIDTH,
                   presets[i].title, presets[i].help);
}
