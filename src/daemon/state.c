/* What lives in the state directory: the admin token and the certificate that we made ourselves. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/rand.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "rtc/cert.h"

#include <stdio.h>

enum { STATE_PATH_MAX = 1100, STATE_FILE_MAX = 64 << 10, ADMIN_TOKEN_LEN = 48 };

static void path_in_state(const struct daemon *daemon, const char *name, char out[STATE_PATH_MAX])
{
    snprintf(out, STATE_PATH_MAX, "%s/%s", daemon->config->state_dir, name);
}

/* mkdir -p, ours alone */
static enum err make_dir(const char *path, struct fault *fault)
{
    char part[STATE_PATH_MAX];
    if (!slice_copy(slice_of(path), part, sizeof part))
        return fault_set(fault, ERR_LIMIT, path, 0, "the path is too long");
    for (char *at = part + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char c = *at;
        *at = '\0';
        if (mkdir(part, 0700) && errno != EEXIST)
            return fault_set(fault, ERR_IO, path, 0, "cannot be made: %s", strerror(errno));
        *at = c;
        if (!c)
            return OK;
    }
}

static enum err read_text(const struct daemon *daemon, const char *name, char **out,
                          struct fault *fault)
{
    char path[STATE_PATH_MAX];
    struct slice text;
    path_in_state(daemon, name, path);
    enum err err = file_read(path, STATE_FILE_MAX, &text, fault);
    if (!err)
        *out = (char *)(uintptr_t)text.ptr; /* heap and terminated, now ours */
    return err;
}

static enum err write_text(const struct daemon *daemon, const char *name, const char *text,
                           struct fault *fault)
{
    char path[STATE_PATH_MAX];
    path_in_state(daemon, name, path);
    return file_write_private(path, slice_of(text), fault);
}

static enum err open_token(struct daemon *daemon, struct fault *fault)
{
    enum err err = read_text(daemon, "admin.token", &daemon->admin_token, fault);
    if (!err) {
        struct slice trimmed = slice_trim(slice_of(daemon->admin_token));
        daemon->admin_token[trimmed.len] = '\0';
        return trimmed.len ? OK : fault_set(fault, ERR_INVALID, "admin.token", 0, "is empty");
    }
    if (err != ERR_NOT_FOUND)
        return err;
    daemon->admin_token = mem_alloc(ADMIN_TOKEN_LEN + 1);
    rand_token(daemon->admin_token, ADMIN_TOKEN_LEN);
    return write_text(daemon, "admin.token", daemon->admin_token, fault);
}

static enum err make_certificate(struct daemon *daemon, struct fault *fault)
{
    char texts[16][ADDR_TEXT];
    const char *names[18] = { "localhost" };
    struct addr addrs[16];
    size_t n = addr_local_list(addrs, 16), k = 1;
    for (size_t i = 0; i < n; i++)
        names[k++] = addr_print_ip(&addrs[i], texts[i]);
    enum err err =
        cert_make_ecdsa(&daemon->tls_cert_pem, &daemon->tls_key_pem, "tandem", names, fault);
    if (!err)
        err = write_text(daemon, "tls.key", daemon->tls_key_pem, fault);
    if (!err)
        err = write_text(daemon, "tls.crt", daemon->tls_cert_pem, fault);
    return err;
}

/* Kept, so that a browser that accepted it once need not ask at every start. */
static enum err open_certificate(struct daemon *daemon, struct fault *fault)
{
    if (daemon->config->tls_cert[0])
        return OK;
    enum err err = read_text(daemon, "tls.crt", &daemon->tls_cert_pem, fault);
    if (!err)
        err = read_text(daemon, "tls.key", &daemon->tls_key_pem, fault);
    return err == ERR_NOT_FOUND ? make_certificate(daemon, fault) : err;
}

enum err daemon_open_state(struct daemon *daemon, struct fault *fault)
{
    char path[STATE_PATH_MAX];
    enum err err = make_dir(daemon->config->state_dir, fault);
    if (!err)
        err = open_token(daemon, fault);
    if (!err)
        err = daemon_open_keys(daemon, fault);
    if (!err)
        err = open_certificate(daemon, fault);
    path_in_state(daemon, "recordings", path);
    daemon->record_dir = slice_dup(slice_of(path));
    return err ? err : make_dir(path, fault);
}
