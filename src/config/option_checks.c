#include "option_checks.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "base/num.h"
#include "presets.h"

enum {
    ADDRESS_MAX = 64,
    HOST_MAX = 253,
    PATH_LEN_MAX = 1024,
    NAME_MAX = 63,
    EMERGENCY_MAX = 24,
    HEADER_VALUE_MAX = 128
};

static bool answer(bool fine, const char **expected, const char *text)
{
    if (!fine)
        *expected = text;
    return fine;
}

static bool is_one_of(struct slice value, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_iis(value, words[i]))
            return true;
    return false;
}

/* the family of a numeric address, or 0 */
static int family_of(struct slice value)
{
    char text[ADDRESS_MAX];
    unsigned char bytes[sizeof(struct in6_addr)];
    if (!slice_copy(value, text, sizeof text))
        return 0;
    if (inet_pton(AF_INET, text, bytes) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, bytes) == 1 ? AF_INET6 : 0;
}

static bool all(struct slice value, const char *chars)
{
    for (size_t i = 0; i < value.len; i++)
        if (!value.ptr[i] || !strchr(chars, value.ptr[i]))
            return false;
    return true;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool check_ip(struct slice value, const char **expected)
{
    return answer(family_of(value) != 0, expected, "a numeric address such as 203.0.113.7");
}

bool check_public_ip(struct slice value, const char **expected)
{
    char text[ADDRESS_MAX];
    struct in_addr any;
    bool usable = family_of(value) != 0;
    if (usable && slice_copy(value, text, sizeof text) && inet_pton(AF_INET, text, &any) == 1)
        usable = any.s_addr != 0; /* 0.0.0.0 is where to listen, not where we are */
    return answer(usable || slice_iis(value, "auto"), expected,
                  "the numeric address under which the internet reaches this machine, or auto");
}

bool check_server(struct slice value, const char **expected)
{
    struct slice host = value;
    struct slice port = SLICE("53");
    if (!slice_empty(value) && value.ptr[0] == '[') {
        size_t end = slice_index(value, ']');
        host = slice_sub(value, 1, end - 1);
        struct slice rest = slice_from(value, end + 1);
        if (!slice_empty(rest))
            port = rest.ptr[0] == ':' ? slice_from(rest, 1) : SLICE_NONE;
    } else if (family_of(value) == 0) {
        port = value;
        host = slice_cut(&port, ':');
    }
    uint32_t number;
    bool fine = family_of(host) != 0 && slice_to_u32(port, 65535, &number) == OK && number > 0;
    return answer(fine, expected, "a numeric address, with a port if it is not 53: 1.1.1.1:53");
}

bool check_block(struct slice value, const char **expected)
{
    struct slice bits = value;
    struct slice host = slice_cut(&bits, '/');
    int family = family_of(host);
    uint32_t number = 0;
    bool fine = family != 0 && (host.len == value.len ||
                                slice_to_u32(bits, family == AF_INET ? 32 : 128, &number) == OK);
    return answer(fine, expected, "an address or a network such as 192.0.2.0/24");
}

bool check_host(struct slice value, const char **expected)
{
    bool fine = !slice_empty(value) && value.len <= HOST_MAX &&
                (family_of(value) != 0 ||
                 (all(value, LETTERS DIGITS "-_.") && value.ptr[0] != '.' && value.ptr[0] != '-'));
    return answer(fine, expected, "a host name or address alone, without sip: and without a port");
}

bool check_host_port(struct slice value, const char **expected)
{
    struct slice port = value;
    struct slice host = slice_cut(&port, ':');
    uint32_t number;
    bool fine = check_host(host, expected) &&
                (host.len == value.len || (!slice_to_u32(port, 65535, &number) && number > 0));
    return answer(fine, expected, "a host name or address, with a port if wanted: host:3478");
}

bool check_ice_server(struct slice value, const char **expected)
{
    struct slice host = value;
    struct slice scheme = slice_cut(&host, ':');
    static const char *const schemes[] = { "stun", "turn", "turns" };
    bool fine = is_one_of(scheme, schemes, COUNT_OF(schemes)) && !slice_empty(host) &&
                all(value, LETTERS DIGITS "-_.:[]?=&");
    return answer(fine, expected, "a server such as turns:turn.example.com:443?transport=tcp");
}

bool check_digits(struct slice value, const char **expected)
{
    return answer(!slice_empty(value) && value.len <= 4 && all(value, DIGITS), expected,
                  "the digits of a country code, such as 971");
}

bool check_number(struct slice value, const char **expected)
{
    return answer(!slice_empty(value) && value.len < EMERGENCY_MAX && all(value, DIGITS "+*#"),
                  expected, "digits, +, * and #");
}

bool check_weight(struct slice value, const char **expected)
{
    uint32_t number;
    return answer(!slice_to_u32(value, 65535, &number), expected, "a number from 0 to 65535");
}

bool check_header_match(struct slice value, const char **expected)
{
    struct slice wanted = value;
    struct slice name = slice_cut(&wanted, '=');
    return answer(check_header_name(name, expected) && wanted.len < HEADER_VALUE_MAX, expected,
                  "a header that starts with X-, and its value if wanted: X-Team=sales");
}

bool check_origin(struct slice value, const char **expected)
{
    struct slice rest = SLICE_NONE;
    if (slice_istarts(value, SLICE("https://")))
        rest = slice_from(value, SLICE("https://").len);
    else if (slice_istarts(value, SLICE("http://")))
        rest = slice_from(value, SLICE("http://").len);
    return answer(!slice_empty(rest) && all(rest, LETTERS DIGITS "-_.:[]"), expected,
                  "an origin such as https://shop.example, without a path");
}

bool check_cors_origin(struct slice value, const char **expected)
{
    return slice_is(value, "*") || check_origin(value, expected);
}

bool check_path(struct slice value, const char **expected)
{
    return answer(slice_starts(value, SLICE("/")) && all(value, LETTERS DIGITS "-_.~/"), expected,
                  "a path such as /ws");
}

bool check_codec(struct slice value, const char **expected)
{
    static const char *const codecs[] = { "PCMU", "PCMA", "G722", "opus" };
    return answer(is_one_of(value, codecs, COUNT_OF(codecs)), expected,
                  "a list of PCMU, PCMA, G722 and opus");
}

bool check_target(struct slice value, const char **expected)
{
    static const char *const kinds[] = { "trunk", "user", "builtin", "uri", "swml", "laml" };
    struct slice rest = value;
    struct slice kind = slice_cut(&rest, ':');
    bool fine = is_one_of(kind, kinds, COUNT_OF(kinds)) && !slice_empty(rest) &&
                kind.len < value.len && !slice_empty(slice_sub(rest, 0, slice_index(rest, '/')));
    return answer(fine && check_word(value, expected), expected,
                  "trunk:NAME, trunk:NAME/NUMBER, user:NAME, builtin:echo, uri:sip:…, swml:URL or "
                  "laml:URL");
}

/* call/route.h says what they mean */
bool check_pattern(struct slice value, const char **expected)
{
    struct slice rest = slice_starts(value, SLICE("_")) ? slice_from(value, 1) : value;
    bool fine = !slice_empty(rest);
    while (fine && !slice_empty(rest)) {
        size_t len = 1;
        if (rest.ptr[0] == '[') {
            size_t end = slice_index(rest, ']');
            len = end + 1;
            fine = end > 1 && end < rest.len && all(slice_sub(rest, 1, end - 1), DIGITS "-*#");
        } else if (rest.ptr[0] == '.') {
            fine = rest.len == 1;
        } else {
            fine = all(slice_sub(rest, 0, 1), DIGITS "+*#XZN");
        }
        rest = slice_from(rest, len);
    }
    return answer(fine, expected,
                  "digits and +, X (0-9), Z (1-9), N (2-9), [15], and a last . or * for the rest");
}

bool check_face(struct slice value, const char **expected)
{
    static const char *const faces[] = { "bridge", "sip" };
    return answer(is_one_of(value, faces, COUNT_OF(faces)), expected, "bridge or sip");
}

bool check_name(struct slice value, const char **expected)
{
    return answer(!slice_empty(value) && value.len <= NAME_MAX && all(value, LETTERS DIGITS "-_."),
                  expected, "a name of letters, digits, '-', '_' and '.', at most 63");
}

bool check_word(struct slice value, const char **expected)
{
    bool fine = !slice_empty(value);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        fine = fine && c > ' ' && c != 0x7f && !strchr("\"<>\\", c);
    }
    return answer(fine, expected, "text without spaces, quotes and angle brackets");
}

bool check_header_name(struct slice value, const char **expected)
{
    return answer(slice_istarts(value, SLICE("X-")) && value.len > 2 && value.len <= NAME_MAX &&
                      all(value, LETTERS DIGITS "-_"),
                  expected, "a header name that starts with X-");
}

bool check_provider(struct slice value, const char **expected)
{
    return answer(
        preset_find(value) != NULL, expected,
        "3cx, 8x8, asterisk, avaya, cisco, deepgram, elevenlabs, etisalat-uae, freeswitch, mitel, "
        "ringcentral, telnyx, twilio or vonage; leave it out for every other one");
}

bool check_url(struct slice value, const char **expected)
{
    return answer(slice_is(value, ":memory:") ||
                      (slice_starts(value, SLICE("sqlite:")) && value.len > SLICE("sqlite:").len),
                  expected, "sqlite:PATH or :memory:");
}

bool check_file(struct slice value, const char **expected)
{
    char path[PATH_LEN_MAX + 1];
    return answer(slice_copy(value, path, sizeof path) && access(path, R_OK) == 0, expected,
                  "a file that can be read");
}

bool check_message_way(struct slice value, const char **expected)
{
    struct slice name = slice_from(value, SLICE("trunk:").len);
    bool fine = slice_is(value, "http") || slice_is(value, "smpp") ||
                (slice_starts(value, SLICE("trunk:")) && check_name(name, expected));
    return answer(fine, expected, "http, smpp or trunk:NAME");
}

bool check_speech_engine(struct slice value, const char **expected)
{
    bool fine = slice_is(value, "auto") || slice_is(value, "http") ||
                slice_is(value, "pocketsphinx") || slice_is(value, "none");
    return answer(fine, expected, "auto, http, pocketsphinx or none");
}

bool check_web_url(struct slice value, const char **expected)
{
    bool fine = slice_istarts(value, SLICE("https://")) || slice_istarts(value, SLICE("http://"));
    return answer(fine && check_word(value, expected), expected, "a URL such as https://host/path");
}

bool check_token(struct slice value, const char **expected)
{
    return answer(value.len && value.len <= NAME_MAX && all(value, LETTERS DIGITS "-_"), expected,
                  "a header name of letters, digits, - and _");
}
