/* A gateway that cannot start says why, and takes down what had begun: questions to the database
 * are under way by then, and their answers come to nobody. */
#include "fakes/rig.h"

#include <stdio.h>

#include "base/buf.h"

enum { TRIES = 30 }; /* the database answers in the midst of it, or not */

static struct rig rig;

static int setup(void **state)
{
    (void)state;
    rig_create(&rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_destroy(&rig);
    return 0;
}

static void test_no_certificate(void **state)
{
    char yaml[300];
    (void)state;
    snprintf(yaml, sizeof yaml,
             "messages: {to: smpp, smpp: {host: 127.0.0.1, port: 2775, system_id: me,\n"
             "  password: 'smpp-secret-4711', tls: on, ca_file: '%s/tandem.yaml'}}\n",
             rig.dir);
    for (int i = 0; i < TRIES; i++) {
        struct fault fault = { 0 };
        assert_int_not_equal(rig_try_start(&rig, yaml, &fault), OK);
        assert_null(rig.daemon);
        assert_non_null(strstr(fault.where, "tandem.yaml"));
        assert_non_null(strstr(fault.text, "certificate"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_certificate, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
