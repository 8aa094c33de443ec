#include "api/device.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "base/seal.h"

enum { ID_BYTES = 32, NAME_BYTES = 16, CONTACT_BYTES = 12, CONTEXT_MAX = 120 };

/* A letter and hex. */
static void random_name(char prefix, size_t bytes, char out[DEVICE_TEXT])
{
    unsigned char random[ID_BYTES];
    rand_bytes(random, bytes);
    out[0] = prefix;
    hex_print(random, bytes, out + 1);
}

void device_account_set_password(struct device_account *account, const struct api *api,
                                 struct slice password)
{
    char context[CONTEXT_MAX];
    token_ha1(slice_of(account->username), slice_of(api->sip_realm), password, account->md5,
              account->sha256);
    snprintf(context, sizeof context, STORE_DEVICE_SEAL, account->id);
    mem_free(account->sealed);
    account->sealed = seal_text(api->config.seal, password, slice_of(context));
}

static void make_password(struct device_account *account, const struct api *api)
{
    token_password(account->password);
    device_account_set_password(account, api, slice_of(account->password));
}

void device_account_init(struct device_account *account, const struct api *api)
{
    random_name('t', ID_BYTES, account->id);
    random_name('u', NAME_BYTES, account->username);
    random_name('c', CONTACT_BYTES, account->contact);
    make_password(account, api);
}

void device_account_renew(struct device_account *account, const struct api *api,
                          const struct store_device *row)
{
    snprintf(account->id, sizeof account->id, "%s", row->id);
    snprintf(account->username, sizeof account->username, "%s", row->sip_username);
    snprintf(account->contact, sizeof account->contact, "%s", row->contact);
    make_password(account, api);
}

void device_account_clear(struct device_account *account)
{
    mem_free(account->sealed);
    mem_wipe(account, sizeof *account);
}

void device_account_fill(const struct device_account *account, const struct api *api,
                         struct store_device *row)
{
    row->id = account->id;
    row->sip_username = account->username;
    row->contact = account->contact;
    row->realm = api->sip_realm;
    row->ha1_md5 = account->md5;
    row->ha1_sha256 = account->sha256;
    row->sip_password = account->sealed;
}

enum err device_password(const struct api *api, const struct store_device *row, struct secret *out)
{
    char context[CONTEXT_MAX];
    snprintf(context, sizeof context, STORE_DEVICE_SEAL, row->id);
    return seal_open(api->config.seal, slice_of(row->sip_password), slice_of(context), out);
}

const char *device_domain(const struct api *api)
{
    return api->sip_domain[0] ? api->sip_domain : api->sip_realm;
}

static bool is_one_of(struct slice value, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(value, words[i]))
            return true;
    return false;
}

const char device_platforms[] = "one of ios, android, webpage, electron, script and pbx";
bool device_is_platform(struct slice value)
{
    static const char *const known[] = { "ios", "android", "webpage", "electron", "script", "pbx" };
    return is_one_of(value, known, COUNT_OF(known));
}

const char device_modes[] = "Proxy or WebSocket";
bool device_is_mode(struct slice value)
{
    static const char *const known[] = { "Proxy", "WebSocket" };
    return is_one_of(value, known, COUNT_OF(known));
}
