#pragma once
/* The credentials of a phone: made at random, sealed for the store, with both digests for the
 * registrar (RFC 3261 §22, RFC 8760). Control thread. */

#include "api/rest.h"
#include "base/secret.h"
#include "store/token.h"

enum { DEVICE_TEXT = 66 };

struct device_account {
    char id[DEVICE_TEXT], username[DEVICE_TEXT], contact[DEVICE_TEXT];
    char password[TOKEN_PASSWORD], md5[TOKEN_HA1_MD5], sha256[TOKEN_HA1_SHA256];
    char *sealed;
};

/** A new phone: everything random, in the forms that provisioning clients know. */
void device_account_init(struct device_account *account, const struct api *api);
/** A new password for the phone of `row`. */
void device_account_renew(struct device_account *account, const struct api *api,
                          const struct store_device *row);
/** This password instead: one that a PBX has given. */
void device_account_set_password(struct device_account *account, const struct api *api,
                                 struct slice password);
/** Wipes it. */
void device_account_clear(struct device_account *account);
/** Put id, names and credentials into a row that borrows them. */
void device_account_fill(const struct device_account *account, const struct api *api,
                         struct store_device *row);
/** The password that is sealed in `row`; an error when it is not kept or was sealed by another key.
 */
MUST_CHECK enum err device_password(const struct api *api, const struct store_device *row,
                                    struct secret *out);
/** The domain that phones are told. */
const char *device_domain(const struct api *api);
bool device_is_platform(struct slice value);
extern const char device_platforms[]; /* in words */
bool device_is_mode(struct slice value);
extern const char device_modes[];
