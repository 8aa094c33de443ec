/* The keys that seal secrets at rest: given by the configuration, or made at the first start and
 * kept in the state directory. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/seal.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "store/store_rows.h"

enum { KEYS_PATH_MAX = 1100, KEYS_FILE_MAX = 4096 };

/* A text sealed once, which shows whether the keys are those of this database. */
#define CHECK "seal_check"
#define CHECK_CONTEXT "settings:" CHECK

static void path_of(const struct daemon *daemon, char out[KEYS_PATH_MAX])
{
    snprintf(out, KEYS_PATH_MAX, "%s/secrets.key", daemon->config->state_dir);
}

static enum err write_keys(const struct daemon *daemon, size_t n, struct fault *fault)
{
    char path[KEYS_PATH_MAX];
    char text[SEAL_KEYS_TEXT];
    path_of(daemon, path);
    seal_print_keys(daemon->env.seal, n, text);
    enum err err = file_write_private(path, slice_of(text), fault);
    mem_wipe(text, sizeof text);
    return err;
}

/* Whoever reads the file reads every password: a file that others may read is refused. */
static enum err check_mode(const char *path, struct fault *fault)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
        return fault_set(fault, ERR_INVALID, path, 0,
                         "others may read it: chmod 600, then replace the key with tandem key "
                         "rotate");
    return OK;
}

static enum err read_file(struct daemon *daemon, struct fault *fault)
{
    char path[KEYS_PATH_MAX];
    struct slice text;
    path_of(daemon, path);
    enum err err = file_read(path, KEYS_FILE_MAX, &text, fault);
    if (err == ERR_NOT_FOUND) {
        err = seal_renew(daemon->env.seal);
        BUG_IF(err); /* the first of several */
        return write_keys(daemon, 1, fault);
    }
    if (err)
        return err;
    err = check_mode(path, fault);
    if (!err)
        err = seal_add_keys(daemon->env.seal, text, path, fault);
    char *bytes = (char *)(uintptr_t)text.ptr; /* heap, ours */
    mem_wipe(bytes, text.len);
    mem_free(bytes);
    return err;
}

enum err daemon_open_keys(struct daemon *daemon, struct fault *fault)
{
    const struct secret *given = &daemon->config->encryption_key;
    daemon->env.seal = seal_create();
    if (secret_empty(given))
        return read_file(daemon, fault);
    return seal_add_keys(daemon->env.seal, secret_reveal(given), "ENCRYPTION_KEY", fault);
}

enum err daemon_renew_key(struct daemon *daemon, struct fault *fault)
{
    struct seal *seal = daemon->env.seal;
    if (!secret_empty(&daemon->config->encryption_key))
        return fault_set(fault, ERR_UNSUPPORTED, "ENCRYPTION_KEY", 0,
                         "is given by the configuration: put the new key before the old one, with "
                         "a comma, and start again");
    if (seal_keys(seal) == SEAL_KEYS_MAX)
        seal_trim(seal, SEAL_KEYS_MAX - 1);
    enum err err = seal_renew(seal);
    BUG_IF(err); /* there is room */
    return write_keys(daemon, seal_keys(seal), fault);
}

enum err daemon_keep_first_key(struct daemon *daemon, struct fault *fault)
{
    if (!secret_empty(&daemon->config->encryption_key))
        return OK;
    return write_keys(daemon, 1, fault);
}

static void on_check(void *owner, const struct store_answer *answer)
{
    const struct daemon *daemon = owner;
    const struct seal *seal = daemon->env.seal;
    struct secret text = { 0 };
    if (answer->err == ERR_NOT_FOUND) {
        char *sealed = seal_text(seal, SLICE("tandem"), SLICE(CHECK_CONTEXT));
        struct store_setting row = { CHECK, sealed };
        store_setting_set(daemon->env.store, &row, STORE_NOBODY);
        mem_free(sealed);
    } else if (!answer->err) {
        struct slice sealed = slice_of(STORE_ROWS(answer, store_setting)->value);
        if (seal_open(seal, sealed, SLICE(CHECK_CONTEXT), &text))
            log_error(NULL, "the passwords of this database are sealed with another key: give that "
                            "one in ENCRYPTION_KEY behind the new one, or phones cannot fetch "
                            "their account until tandem device rotate gives them new passwords");
        secret_clear(&text);
    }
}

void daemon_check_keys(struct daemon *daemon)
{
    store_setting_find(daemon->env.store, CHECK, (struct store_reply){ on_check, daemon });
}
