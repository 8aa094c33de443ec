/* What becomes of faxes: rows and callbacks, out of the events of their calls. */
#include "api/faxes.h"

#include "api/signalwire/test_sw.h"
#include "script/script.h"

static struct {
    struct faxes *faxes;
    struct fixture *f;
    char told[1000];
    char id[UUID_TEXT], document[200], status[20];
} t;

static void on_post(void *owner, const struct script_event *event)
{
    (void)owner;
    size_t len = strlen(t.told);
    snprintf(t.told + len, sizeof t.told - len, "%s %s %s %s %s %s %s; ", event->method, event->url,
             sw_text(event->form, "FaxStatus"), sw_text(event->form, "NumPages"),
             sw_text(event->form, "RemoteStationId"), sw_text(event->form, "ErrorCode"),
             sw_text(event->form, "OriginalMediaUrl"));
    if (t.id[0]) /* the first state is told while the call is being placed */
        assert_string_equal(sw_text(event->form, "FaxSid"), t.id);
    assert_string_equal(sw_text(event->form, "AccountSid"), acme);
}

static bool parties(void *owner, const char *call_id, const char **from, const char **to)
{
    (void)owner;
    *from = "+15550001";
    *to = "+15550002";
    return strcmp(call_id, "c1") == 0;
}

static int open_all(void **state)
{
    if (sw_setup(state))
        return -1;
    memset(&t, 0, sizeof t);
    t.f = *state;
    const struct faxes_config config = { .loop = t.f->loop,
                                         .store = t.f->store,
                                         .seal = t.f->seal,
                                         .post = on_post,
                                         .parties = parties };
    t.faxes = faxes_create(&config);
    return 0;
}

static int close_all(void **state)
{
    faxes_destroy(t.faxes);
    return teardown(state);
}

static void on_row(void *owner, const struct store_fax *row)
{
    (void)owner;
    snprintf(t.id, sizeof t.id, "%s", row->id);
    snprintf(t.status, sizeof t.status, "%s", row->status);
    snprintf(t.document, sizeof t.document, "%s", row->document);
}

static void order(const char *events, bool forgets)
{
    const struct fax_order one = { .project_id = acme,
                                   .from = "+1555",
                                   .to = "+1666",
                                   .quality = "fine",
                                   .document = "https://me:pw@docs.example/a.tif",
                                   .forgets = forgets,
                                   .status_url = "https://app.example/fax",
                                   .status_events = events };
    faxes_begin(t.faxes, &one);
}

static void event(const char *type, const char *control_id, json_t *take_params)
{
    const struct script_event happened = { .type = type,
                                           .call_id = "c1",
                                           .project_id = acme,
                                           .control_id = control_id,
                                           .params = take_params };
    faxes_on_event(t.faxes, &happened);
    json_decref(take_params);
}

static void state(const char *word, const char *reason)
{
    event("calling.call.state", "",
          json_pack("{s:s, s:s*}", "call_state", word, "end_reason", reason));
}

static void finished(const char *control_id, bool success, const char *direction)
{
    event("calling.call.fax", control_id,
          json_pack("{s:{s:s, s:{s:s, s:b, s:i, s:i, s:s, s:s, s:s}}}", "fax", "type", "finished",
                    "params", "direction", direction, "success", success, "pages", success ? 2 : 1,
                    "result", success ? 0 : 13, "result_text", success ? "OK" : "The line was lost",
                    "remote_identity", "+1 666", "document",
                    "http://127.0.0.1/recordings/77aa.pdf"));
}

static const char *shown(const char *target, const char *name)
{
    assert_int_equal(sw_ask(t.f, HTTP_GET, target, ""), 200);
    return sw_text(t.f->body, name);
}

static const char *shown_fax(const char *name)
{
    char target[200];
    snprintf(target, sizeof target, "/api/laml/2010-04-01/Accounts/%s/Faxes/%s", acme, t.id);
    return shown(target, name);
}

static void one_that_is_delivered(void **s)
{
    char target[100];
    (void)s;
    order("initiated ringing answered completed", false);
    state("created", NULL);
    faxes_placed(t.faxes, "c1", on_row, NULL);
    assert_true(slice_starts(slice_of(t.document), SLICE("s1:")));
    assert_string_equal(shown_fax("status"), "queued");
    state("ringing", NULL);
    assert_string_equal(shown_fax("status"), "processing");
    state("answered", NULL);
    finished("any", true, "send");
    assert_string_equal(shown_fax("status"), "sending");
    state("ended", "hangup");
    loop_advance(t.f->loop, 1);
    assert_string_equal(t.told,
                        "POST https://app.example/fax queued    https://docs.example/a.tif; "
                        "POST https://app.example/fax processing    "
                        "https://docs.example/a.tif; "
                        "POST https://app.example/fax sending    "
                        "https://docs.example/a.tif; "
                        "POST https://app.example/fax delivered 2 +1 666  "
                        "https://docs.example/a.tif; ");
    assert_string_equal(shown_fax("status"), "delivered");
    assert_string_equal(sw_text(t.f->body, "num_pages"), "2");
    assert_string_equal(sw_text(t.f->body, "media_url"), "https://docs.example/a.tif");
    snprintf(target, sizeof target, "/api/fax/logs/%s", t.id);
    assert_string_equal(shown(target, "status"), "completed");
    assert_string_equal(sw_text(t.f->body, "remote_station"), "+1 666");
    assert_int_equal(sw_ask_as(t.f, other, "PTother", HTTP_GET, target, ""), 404);
    assert_int_equal(sw_ask_as(t.f, acme, "PTtext", HTTP_GET, target, ""), 403);
    assert_int_equal(sw_ask(t.f, HTTP_GET, "/api/fax/logs", ""), 200);
    assert_int_equal(json_array_size(json_object_get(t.f->body, "data")), 1);
}

static void nobody_answers_or_the_line_breaks(void **s)
{
    static const struct {
        const char *reason, *status, *code;
        bool is_answered, is_failed;
    } rows[] = { { "busy", "busy", "", false, false },
                 { "no_answer", "no-answer", "", false, false },
                 { "cancelled", "canceled", "", false, false },
                 { "server_error", "failed", "34004", false, false },
                 { "hangup", "failed", "34004", true, false },
                 { "hangup", "failed", "13", true, true } };
    (void)s;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char expected[100];
        t.told[0] = '\0';
        order("completed", true);
        faxes_placed(t.faxes, "c1", on_row, NULL);
        if (rows[i].is_answered)
            state("answered", NULL);
        state("ended", rows[i].reason);
        if (rows[i].is_failed) /* the machine's last word comes after the call's end */
            finished("any", false, "send");
        loop_advance(t.f->loop, 3000);
        snprintf(expected, sizeof expected, "POST https://app.example/fax %s %s %s %s ; ",
                 rows[i].status, rows[i].is_failed ? "1" : "", rows[i].is_failed ? "+1 666" : "",
                 rows[i].code);
        assert_string_equal(t.told, expected);
        assert_string_equal(shown_fax("status"), rows[i].status);
        assert_string_equal(sw_text(t.f->body, "error_code"), rows[i].code);
        assert_true(json_is_null(json_object_get(t.f->body, "media_url"))); /* it is forgotten */
    }
}

static void a_call_that_is_over_before_it_is_known(void **s)
{
    (void)s;
    order("completed", false);
    state("created", NULL);
    state("ended", "busy");
    assert_string_equal(t.told, "");
    faxes_placed(t.faxes, "c1", on_row, NULL);
    assert_string_equal(shown_fax("status"), "busy");
    assert_non_null(strstr(t.told, "busy"));
    order("completed", false);
    faxes_placed(t.faxes, NULL, NULL, NULL); /* it could not be placed */
    assert_int_equal(sw_ask(t.f, HTTP_GET, "/api/fax/logs", ""), 200);
    assert_int_equal(json_array_size(json_object_get(t.f->body, "data")), 1);
}

static int stranger_asks_for(const char *path)
{
    struct addr peer = addr_loopback4(40000);
    const struct api_request request = {
        .method = HTTP_GET, .path = slice_of(path), .peer = &peer, .is_tls = true
    };
    return dispatch(t.f, &request);
}

static void one_that_a_script_receives(void **s)
{
    char media[300], project[100];
    (void)s;
    snprintf(project, sizeof project, "/api/projects/%s", acme);
    event("calling.call.fax", "op",
          json_pack("{s:{s:s, s:{s:s, s:s}}}", "fax", "type", "started", "params", "direction",
                    "receive", "fax_id", "77aa"));
    assert_int_equal(sw_ask(t.f, HTTP_GET, "/api/fax/logs/77aa", ""), 200);
    assert_true(json_is_null(json_object_get(t.f->body, "number_of_pages")));
    event("calling.call.fax", "op",
          json_pack("{s:{s:s, s:{s:s, s:i}}}", "fax", "type", "page", "params", "direction",
                    "receive", "number", 1));
    assert_int_equal(sw_ask(t.f, HTTP_GET, "/api/fax/logs", ""), 200);
    const json_t *log = json_array_get(json_object_get(t.f->body, "data"), 0);
    assert_string_equal(sw_text(log, "status"), "in-progress");
    assert_string_equal(sw_text(log, "direction"), "inbound");
    assert_string_equal(sw_text(log, "from"), "+15550001");
    assert_string_equal(sw_text(log, "to"), "+15550002");
    snprintf(t.id, sizeof t.id, "%s", sw_text(log, "id"));
    finished("op", true, "receive");
    assert_string_equal(shown_fax("status"), "received");
    assert_non_null(strstr(sw_text(t.f->body, "media_url"), "/recordings/77aa.pdf"));
    snprintf(media, sizeof media, "/api/laml/2010-04-01/Accounts/%s/Faxes/%s/Media/%s", acme, t.id,
             sw_text(t.f->body, "media_sid"));
    assert_int_equal(stranger_asks_for("/recordings/77aa.pdf"), 404); /* there is no file */
    assert_int_equal(sw_ask(t.f, HTTP_PATCH, project, "{\"protect_fax_media\":true}"), 200);
    assert_int_equal(stranger_asks_for("/recordings/77aa.pdf"), 401);
    assert_int_equal(stranger_asks_for("/recordings/77aa.tif"), 401);
    assert_string_equal(shown(media, "content_type"), "application/pdf");
    assert_int_equal(sw_ask_as(t.f, other, "PTother", HTTP_DELETE, media, ""), 404);
    assert_int_equal(sw_ask(t.f, HTTP_DELETE, media, ""), 204);
    assert_int_equal(sw_ask(t.f, HTTP_GET, media, ""), 404);
    shown_fax("status");
    assert_true(json_is_null(json_object_get(t.f->body, "media_url")));
}

static void one_under_way_stays(void **s)
{
    char target[200], media[300];
    (void)s;
    order("completed", false);
    faxes_placed(t.faxes, "c1", on_row, NULL);
    snprintf(media, sizeof media, "/api/laml/2010-04-01/Accounts/%s/Faxes/%s/Media/%s", acme, t.id,
             shown_fax("media_sid"));
    snprintf(target, sizeof target, "/api/laml/2010-04-01/Accounts/%s/Faxes/%s", acme, t.id);
    assert_int_equal(sw_ask(t.f, HTTP_DELETE, target, ""), 409);
    assert_int_equal(sw_ask(t.f, HTTP_DELETE, media, ""), 409);
    assert_int_equal(sw_ask(t.f, HTTP_POST, target, "Status=canceled"), 422); /* no such call */
    state("ended", "busy");
    assert_int_equal(sw_ask(t.f, HTTP_DELETE, target, ""), 204);
    assert_int_equal(sw_ask(t.f, HTTP_GET, target, ""), 404);
}

static void what_a_crash_left_open_has_failed(void **s)
{
    (void)s;
    order("completed", false);
    faxes_placed(t.faxes, "c1", on_row, NULL);
    faxes_destroy(t.faxes);
    const struct faxes_config config = {
        .loop = t.f->loop, .store = t.f->store, .seal = t.f->seal, .post = on_post
    };
    t.faxes = faxes_create(&config);
    assert_string_equal(shown_fax("status"), "failed");
    assert_string_equal(sw_text(t.f->body, "error_code"), "34004");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_is_delivered, open_all, close_all),
        cmocka_unit_test_setup_teardown(nobody_answers_or_the_line_breaks, open_all, close_all),
        cmocka_unit_test_setup_teardown(a_call_that_is_over_before_it_is_known, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(one_that_a_script_receives, open_all, close_all),
        cmocka_unit_test_setup_teardown(one_under_way_stays, open_all, close_all),
        cmocka_unit_test_setup_teardown(what_a_crash_left_open_has_failed, open_all, close_all),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
