#include "sip_login.h"

#include "base/log.h"
#include "base/mem.h"
#include "sip_digest.h"

#include <stdio.h>
#include <string.h>

enum why { NOT_ASKED, NO_ACCOUNT, STRANGER, OTHER_REALM, NO_ALGORITHM, WRONG, TOO_OFTEN, WHYS };

static const char *const sentences[WHYS] = {
    [NOT_ASKED] = "the far end sent no challenge that can be answered",
    [NO_ACCOUNT] = "no user name and password are configured",
    [STRANGER] = "the challenge came from another address than the request went to",
    [OTHER_REALM] = "the challenge is for a realm that is not ours",
    [NO_ALGORITHM] = "the challenge asks for an algorithm that is not supported",
    [WRONG] = "the user name or password was refused (the nonce was fresh)",
    [TOO_OFTEN] = "challenged again after each answer",
};

struct sip_login {
    char *user;
    struct sip_digest_client *server; /* 401 */
    struct sip_digest_client *proxy;  /* 407 */
    enum why why;
    char realm[128];       /* that asked last */
    char answered[2][128]; /* by 401 and by 407: who was answered first is the only one */
};

enum { PRINTED_MAX = 4096 };

static struct sip_digest_client *client_create(const struct sip_account *account)
{
    struct sip_digest_client_config config = {
        .username = account->user,
        .password = account->password ? secret_reveal(account->password) : SLICE_NONE,
        .realm = account->realm,
    };
    return sip_digest_client_create(&config);
}

struct sip_login *sip_login_create(const struct sip_account *account)
{
    struct sip_login *login = mem_new(struct sip_login);
    login->user = slice_dup(account->user);
    if (account->user.len) {
        login->server = client_create(account);
        login->proxy = client_create(account);
    }
    return login;
}

void sip_login_destroy(struct sip_login *login)
{
    if (!login)
        return;
    sip_digest_client_destroy(login->server);
    sip_digest_client_destroy(login->proxy);
    mem_free(login->user);
    mem_free(login);
}

/* Whether it only says that the nonce is too old. */
static bool note_challenge(struct sip_login *login, const struct sip_msg *response,
                           enum sip_header_id id)
{
    struct slice rest = sip_msg_value(response, id);
    struct sip_challenge challenge;
    if (sip_challenge_next(&rest, &challenge))
        return false;
    (void)slice_copy(challenge.realm, login->realm, sizeof login->realm);
    return challenge.stale;
}

static enum why judge(struct sip_digest_client *client, const struct sip_msg *response,
                      bool is_stale, struct sip_login_tries *tries)
{
    enum sip_challenge_news news;
    enum err err = sip_digest_client_challenge(client, response, &news);
    if (err)
        return err == ERR_REFUSED ? OTHER_REALM : err == ERR_UNSUPPORTED ? NO_ALGORITHM : NOT_ASKED;
    if (news == SIP_CHALLENGE_AGAIN)
        return WRONG;
    if (is_stale && !tries->stale) { /* not counted, once */
        tries->stale = true;
        return NOT_ASKED;
    }
    if (tries->answered == SIP_LOGIN_TRIES)
        return is_stale ? TOO_OFTEN : WRONG;
    tries->answered++;
    return NOT_ASKED;
}

bool sip_login_challenge(struct sip_login *login, const struct sip_msg *response, bool trusted,
                         struct sip_login_tries *tries)
{
    bool proxy = sip_msg_status(response) == 407;
    enum sip_header_id id = proxy ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE;
    struct sip_digest_client *client = proxy ? login->proxy : login->server;
    bool is_stale = note_challenge(login, response, id);
    login->why = NOT_ASKED;
    if (sip_msg_count(response, id) == 0)
        return false;
    char *answered = login->answered[proxy];
    if (!client)
        login->why = NO_ACCOUNT;
    else if (!trusted)
        login->why = STRANGER;
    else if (answered[0] && strcmp(answered, login->realm) != 0)
        login->why = OTHER_REALM; /* passed on from a place that is none of ours */
    else
        login->why = judge(client, response, is_stale, tries);
    if (login->why == NOT_ASKED && client && sip_digest_client_is_ready(client))
        memcpy(answered, login->realm, sizeof login->realm);
    return login->why == NOT_ASKED && client && sip_digest_client_is_ready(client);
}

static void write_one(struct sip_digest_client *client, struct sip_build *b, struct slice method,
                      struct slice uri, struct slice body)
{
    char text[PRINTED_MAX];
    struct buf out = BUF_ON(text);
    if (!client || !sip_digest_client_is_ready(client))
        return;
    if (sip_digest_client_print(client, method, uri, body, &out) == OK && !out.overflow)
        sip_build_header(b, sip_digest_client_header(client), buf_slice(&out));
}

void sip_login_write(struct sip_login *login, struct sip_build *b, struct slice method,
                     struct slice uri, struct slice body)
{
    write_one(login->server, b, method, uri, body);
    write_one(login->proxy, b, method, uri, body);
}

const char *sip_login_explain(const struct sip_login *login, int status, char *out, size_t cap)
{
    snprintf(out, cap, "authentication failed: user \"%s\", realm \"%s\", status %d: %s",
             login->user, login->realm, status, sentences[login->why]);
    return out;
}
