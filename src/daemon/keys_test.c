/* Keys of the state directory: made once, private, renewed in front, refused when others may read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/seal.h"
#include "config/config.h"
#include "daemon/daemon_priv.h"
#include "store/store_rows.h"

static struct config config;
static struct daemon daemon_;
static struct fault fault;
static char dir[64], path[100];

static int setup(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    memset(&daemon_, 0, sizeof daemon_);
    snprintf(dir, sizeof dir, "/tmp/tandem-keys-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/secrets.key", dir);
    config.state_dir = dir;
    daemon_.config = &config;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seal_destroy(daemon_.env.seal);
    secret_clear(&config.encryption_key);
    unlink(path);
    rmdir(dir);
    return 0;
}

/* The same directory, a new start. */
static enum err start_again(void)
{
    seal_destroy(daemon_.env.seal);
    daemon_.env.seal = NULL;
    return daemon_open_keys(&daemon_, &fault);
}

static bool opens(const char *sealed)
{
    struct secret text = { 0 };
    bool fits = !seal_open(daemon_.env.seal, slice_of(sealed), SLICE("c"), &text) &&
                secret_is(&text, SLICE("hush"));
    secret_clear(&text);
    return fits;
}

static void test_made_once_and_private(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(daemon_open_keys(&daemon_, &fault), OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char *sealed = seal_text(daemon_.env.seal, SLICE("hush"), SLICE("c"));
    assert_int_equal(start_again(), OK);
    assert_int_equal(seal_keys(daemon_.env.seal), 1);
    assert_true(opens(sealed));
    mem_free(sealed);
}

static void test_a_new_key_seals_and_the_old_one_opens(void **state)
{
    (void)state;
    assert_int_equal(daemon_open_keys(&daemon_, &fault), OK);
    char *sealed = seal_text(daemon_.env.seal, SLICE("hush"), SLICE("c"));
    assert_int_equal(daemon_renew_key(&daemon_, &fault), OK);
    assert_false(seal_is_current(daemon_.env.seal, slice_of(sealed)));
    assert_int_equal(start_again(), OK);
    assert_int_equal(seal_keys(daemon_.env.seal), 2);
    assert_true(opens(sealed));
    assert_int_equal(daemon_keep_first_key(&daemon_, &fault), OK);
    assert_int_equal(start_again(), OK);
    assert_false(opens(sealed)); /* the old key is gone from the file */
    mem_free(sealed);
}

static void test_the_ring_stays_bounded(void **state)
{
    (void)state;
    assert_int_equal(daemon_open_keys(&daemon_, &fault), OK);
    for (int i = 0; i < 2 * SEAL_KEYS_MAX; i++)
        assert_int_equal(daemon_renew_key(&daemon_, &fault), OK);
    assert_int_equal(start_again(), OK);
    assert_int_equal(seal_keys(daemon_.env.seal), SEAL_KEYS_MAX);
}

static void test_a_file_that_others_read_is_refused(void **state)
{
    (void)state;
    assert_int_equal(daemon_open_keys(&daemon_, &fault), OK);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(start_again(), ERR_INVALID);
    assert_string_equal(fault.where, path);
    assert_non_null(strstr(fault.text, "chmod 600"));
}

static void test_a_file_that_holds_no_key(void **state)
{
    (void)state;
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "hush-hush\n", 10), 10);
    close(fd);
    assert_int_equal(daemon_open_keys(&daemon_, &fault), ERR_INVALID);
    assert_null(strstr(fault.text, "hush-hush")); /* a key never stands in an error */
}

static void test_keys_of_the_configuration(void **state)
{
    char hex[2 * SEAL_KEY_LEN + 1];
    (void)state;
    memset(hex, 'a', sizeof hex - 1);
    hex[sizeof hex - 1] = '\0';
    secret_set(&config.encryption_key, slice_of(hex));
    assert_int_equal(daemon_open_keys(&daemon_, &fault), OK);
    assert_int_not_equal(access(path, F_OK), 0); /* none is written */
    assert_int_equal(daemon_renew_key(&daemon_, &fault), ERR_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "put the new key before the old one"));
    secret_set(&config.encryption_key, SLICE("short"));
    assert_int_equal(start_again(), ERR_INVALID);
    assert_string_equal(fault.where, "ENCRYPTION_KEY");
}

static char logged[2000];
static void keep_line(void *owner, enum log_level level, struct slice line)
{
    (void)owner;
    if (level == LOG_ERROR)
        snprintf(logged, sizeof logged, "%.*s", SLICE_ARG(line));
}

/* A database of another key is said to be one, once it is looked at. */
static void test_a_database_of_another_key(void **state)
{
    (void)state;
    struct loop *loop = loop_create_simulated();
    struct store_config memory = { .loop = loop, .url = ":memory:" };
    assert_int_equal(store_open(&daemon_.env.store, &memory, NULL), OK);
    assert_int_equal(daemon_open_keys(&daemon_, &fault), OK);
    logged[0] = '\0';
    for (int i = 0; i < 2; i++) { /* writes its text, finds its text */
        daemon_check_keys(&daemon_);
        loop_advance(loop, 5);
    }
    assert_string_equal(logged, "");
    unlink(path);
    assert_int_equal(start_again(), OK); /* another key */
    daemon_check_keys(&daemon_);
    loop_advance(loop, 5);
    assert_non_null(strstr(logged, "sealed with another key"));
    store_close(daemon_.env.store);
    loop_destroy(loop);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    log_set_tap(keep_line, NULL);
#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(test_made_once_and_private),     EACH(test_a_new_key_seals_and_the_old_one_opens),
        EACH(test_the_ring_stays_bounded),    EACH(test_a_file_that_others_read_is_refused),
        EACH(test_a_file_that_holds_no_key),  EACH(test_keys_of_the_configuration),
        EACH(test_a_database_of_another_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
