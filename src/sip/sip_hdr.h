#pragma once
/* Header values as structs, and back to text. Everything parsed is a slice of the value it came
 * from. RFC 3261 §20 and the extensions named below. Any thread; owns nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "sip_names.h"
#include "sip_param.h"
#include "sip_uri.h"

/** Via, RFC 3261 §20.42, RFC 3581. To print one, fill the fields up to `params` (further ones). */
struct sip_via {
    struct slice transport; /* "UDP" */
    struct slice host;      /* IPv6 without brackets */
    uint16_t port;          /* 0: not given */
    struct slice branch;
    struct slice received; /* IPv6 without brackets */
    struct slice maddr;
    uint16_t rport; /* 0: none or no value */
    bool has_rport;
    bool has_ttl;
    uint8_t ttl;
    struct slice params; /* parse: all of them; print: those without a field above follow it */
};
MUST_CHECK enum err sip_via_parse(struct slice value, struct sip_via *out);
void sip_via_print(const struct sip_via *via, struct buf *out);
/** The branch starts with z9hG4bK and goes on: RFC 3261 §8.1.1.7. */
bool sip_via_has_cookie(const struct sip_via *via);

/** From, To, Contact, Route, Record-Route, Refer-To, Referred-By, P-Asserted-Identity, Path. */
struct sip_name_addr {
    struct slice display; /* without its quotes; escapes kept */
    struct sip_uri uri;
    struct slice params; /* of the header, not of the URI; no leading ';' */
    struct slice tag;    /* of From and To; else empty */
    bool is_star;        /* Contact: * */
};
MUST_CHECK enum err sip_name_addr_parse(struct slice value, struct sip_name_addr *out);
/** `"Display" <uri>;params`; the display name is quoted whenever it is not empty. `tag` is printed
 * when `params` does not hold one already. */
void sip_name_addr_print(const struct sip_name_addr *addr, struct buf *out);
/** `expires` of a Contact, or `otherwise`; a value that is no number counts as 3600 (§10.2.1.1),
 * one too large as 2^32-1. */
uint32_t sip_contact_expires(const struct sip_name_addr *contact, uint32_t otherwise);
/** `q` in thousandths; 1000 when there is none (§20.10); ERR_PARSE outside 0..1. */
MUST_CHECK enum err sip_contact_q(const struct sip_name_addr *contact, unsigned *out);
/** `+sip.instance` without quotes and <>, and `reg-id` (0: none): RFC 5626 §4. */
struct slice sip_contact_instance(const struct sip_name_addr *contact);
uint32_t sip_contact_reg_id(const struct sip_name_addr *contact);

/** CSeq; the number is below 2^31: §8.1.1.5. */
struct sip_cseq {
    uint32_t number;
    enum sip_method method;
    struct slice method_text;
};
MUST_CHECK enum err sip_cseq_parse(struct slice value, struct sip_cseq *out);

/** RAck (RFC 3262 §7.2); RSeq is a plain number: sip_rseq_parse. */
struct sip_rack {
    uint32_t rseq;
    struct sip_cseq cseq;
};
MUST_CHECK enum err sip_rack_parse(struct slice value, struct sip_rack *out);
void sip_rack_print(const struct sip_rack *rack, struct buf *out);
MUST_CHECK enum err sip_rseq_parse(struct slice value, uint32_t *out);

/** Session-Expires (RFC 4028 §4). */
enum sip_refresher { SIP_REFRESHER_NONE, SIP_REFRESHER_UAC, SIP_REFRESHER_UAS };
struct sip_session_expires {
    uint32_t seconds;
    enum sip_refresher refresher;
};
MUST_CHECK enum err sip_session_expires_parse(struct slice value, struct sip_session_expires *out);
void sip_session_expires_print(const struct sip_session_expires *se, struct buf *out);

/** Replaces (RFC 3891 §6.1), Join and Target-Dialog alike. */
struct sip_replaces {
    struct slice call_id;
    struct slice to_tag;
    struct slice from_tag;
    bool early_only;
};
MUST_CHECK enum err sip_replaces_parse(struct slice value, struct sip_replaces *out);
void sip_replaces_print(const struct sip_replaces *replaces, struct buf *out);

/** A word and its parameters: Event, Content-Type, Content-Disposition, Subscription-State, Reason.
 * sip_param_find(v.params, "id", &id) reads one. */
struct sip_value {
    struct slice word;
    struct slice params; /* no leading ';' */
};
MUST_CHECK enum err sip_value_parse(struct slice value, struct sip_value *out);

/** Delta seconds of Expires, Min-Expires, Min-SE, Retry-After (a comment or parameters after it are
 * skipped); larger than 2^32-1 gives 2^32-1 (§20.19). */
MUST_CHECK enum err sip_seconds_parse(struct slice value, uint32_t *out);
