#include "rtc/ice_request.h"

void ice_credentials_set(struct ice_credentials *c, struct slice ufrag, struct slice pwd)
{
    BUG_IF(!slice_copy(ufrag, c->ufrag, sizeof c->ufrag));
    secret_set(&c->pwd, pwd);
}

void ice_keys_renew(struct ice_keys *keys, struct slice ufrag, struct slice pwd)
{
    secret_clear(&keys->before.pwd);
    keys->before = keys->current;
    keys->current = (struct ice_credentials){ 0 };
    ice_credentials_set(&keys->current, ufrag, pwd);
}

void ice_keys_used(struct ice_keys *keys, const struct ice_credentials *c)
{
    if (c == &keys->current)
        secret_clear(&keys->before.pwd);
}

void ice_keys_clear(struct ice_keys *keys)
{
    secret_clear(&keys->current.pwd);
    secret_clear(&keys->before.pwd);
}

static bool is_for(const struct ice_credentials *c, struct slice ufrag)
{
    return !secret_empty(&c->pwd) && slice_is(ufrag, c->ufrag);
}

enum err ice_request_check(const struct ice_keys *keys, const struct stun_msg *msg,
                           const struct ice_credentials **out)
{
    struct slice username;
    if (msg->class != STUN_REQUEST || msg->method != STUN_BINDING)
        return ERR_UNSUPPORTED; /* an indication keeps a NAT open; it proves nothing */
    if (!stun_find(msg, STUN_USERNAME, &username))
        return ERR_NOT_FOUND;
    struct slice ufrag = slice_cut(&username, ':');
    const struct ice_credentials *c = NULL;
    if (is_for(&keys->current, ufrag))
        c = &keys->current;
    else if (is_for(&keys->before, ufrag))
        c = &keys->before;
    if (!c)
        return ERR_NOT_FOUND;
    if (stun_check_fingerprint(msg) == ERR_AUTH)
        return ERR_AUTH;
    /* Silence instead of RFC 8489's 401 and 400: a stranger learns nothing and nobody can bounce
     * datagrams off us. */
    if (stun_check_integrity(msg, secret_reveal(&c->pwd)))
        return ERR_AUTH;
    *out = c;
    return OK;
}

static void sign(struct buf *buf, const struct ice_credentials *c)
{
    stun_put_integrity(buf, secret_reveal(&c->pwd));
    stun_put_fingerprint(buf);
    BUG_IF(buf->overflow); /* STUN_SEND_MAX holds the largest we make */
}

void ice_answer_success(struct buf *buf, const struct stun_msg *msg,
                        const struct ice_credentials *c, const struct addr *from)
{
    stun_begin(buf, STUN_SUCCESS, STUN_BINDING, msg->id);
    stun_put_addr(buf, STUN_XOR_MAPPED_ADDRESS, from);
    sign(buf, c);
}

void ice_answer_unknown(struct buf *buf, const struct stun_msg *msg,
                        const struct ice_credentials *c, const uint16_t *unknown, size_t n)
{
    stun_begin(buf, STUN_ERROR, STUN_BINDING, msg->id);
    stun_put_error(buf, 420, "Unknown Attribute");
    stun_put_unknown(buf, unknown, n);
    sign(buf, c);
}

void ice_answer_conflict(struct buf *buf, const struct stun_msg *msg,
                         const struct ice_credentials *c)
{
    stun_begin(buf, STUN_ERROR, STUN_BINDING, msg->id);
    stun_put_error(buf, 487, "Role Conflict");
    sign(buf, c);
}
