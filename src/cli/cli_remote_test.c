/* Finding the daemon through files, and asking it over a real socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/slice.h"
#include "cli_remote.h"

static char dir[64];
static char *vars[2];
static char state_var[96];

/* One connection, one answer; what was asked is kept. */
static struct {
    int fd;
    int port;
    pthread_t thread;
    char asked[4000];
} server;

static void *serve_one(void *arg)
{
    (void)arg;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Content-Length: 12\r\nConnection: close\r\n\r\n[{\"id\":\"c\"}]";
    int fd = accept(server.fd, NULL, NULL);
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && !strstr(server.asked, "\r\n\r\n") && len + 1 < sizeof server.asked) {
        got = read(fd, server.asked + len, sizeof server.asked - 1 - len);
        len += got > 0 ? (size_t)got : 0; /* positive */
    }
    if (write(fd, answer, sizeof answer - 1) < 0)
        abort();
    close(fd);
    return NULL;
}

static void listen_once(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    memset(server.asked, 0, sizeof server.asked);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(server.fd, 1), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&at, &len), 0);
    server.port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server.thread, NULL, serve_one, NULL), 0);
}

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write_private(path, slice_of(text), NULL), OK);
}

static enum err ask(struct cli *cli, int *status, json_t **answer, struct fault *fault)
{
    *answer = NULL;
    return cli_remote_ask(cli, "GET", "/admin/api/calls", NULL, status, answer, fault);
}

static void test_found_by_the_state_directory(void **state)
{
    (void)state;
    char ready[128];
    struct cli cli = { .vars = vars };
    struct fault fault = { 0 };
    int status = 0;
    json_t *answer;
    assert_int_equal(ask(&cli, &status, &answer, &fault), ERR_NOT_FOUND);
    assert_non_null(strstr(fault.text, "no tandem is running"));
    listen_once();
    snprintf(ready, sizeof ready, "{\"pid\":1,\"admin_url\":\"http://127.0.0.1:%d/\"}",
             server.port);
    put("ready.json", ready);
    assert_int_equal(ask(&cli, &status, &answer, &fault), ERR_NOT_FOUND);
    assert_non_null(strstr(fault.where, "admin.token"));
    put("admin.token", "s3cret\n");
    assert_int_equal(ask(&cli, &status, &answer, &fault), OK);
    assert_int_equal(status, 200);
    assert_int_equal(json_array_size(answer), 1);
    json_decref(answer);
    pthread_join(server.thread, NULL);
    close(server.fd);
    assert_non_null(strstr(server.asked, "GET /admin/api/calls HTTP/1.1\r\n"));
    assert_non_null(strstr(server.asked, "Authorization: Bearer s3cret\r\n"));
    /* nobody listens any more */
    assert_int_equal(ask(&cli, &status, &answer, &fault), ERR_REFUSED);
    assert_non_null(strstr(fault.text, "tandem does not answer at http://127.0.0.1:"));
    put("ready.json", "{}");
    assert_int_equal(ask(&cli, &status, &answer, &fault), ERR_PARSE);
}

static void test_found_by_url(void **state)
{
    (void)state;
    char url[64];
    struct fault fault = { 0 };
    int status = 0;
    json_t *answer;
    put("admin.token", "s3cret");
    listen_once();
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server.port);
    struct cli cli = { .state = dir, .url = url };
    assert_int_equal(ask(&cli, &status, &answer, &fault), OK);
    json_decref(answer);
    pthread_join(server.thread, NULL);
    close(server.fd);
    struct cli lost = { 0 };
    assert_int_equal(ask(&lost, &status, &answer, &fault), ERR_INVALID);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tandem-remote-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(state_var, sizeof state_var, "TANDEM_STATE=%s", dir);
    vars[0] = state_var;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/ready.json", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/admin.token", dir);
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_by_the_state_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_found_by_url, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
