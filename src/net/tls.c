#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/mem.h"
#include "net/addr.h"
#include "net/tls_words.h"

struct tls_context {
    SSL_CTX *ctx;
    bool is_server, insecure;
};

struct tls {
    SSL *ssl;
    BIO *in, *out; /* the SSL's */
    char *name;
    X509 *bad; /* the certificate that was refused; OpenSSL forgets it */
    bool is_open, failed, closed;
};

/* ---- contexts ---- */

static enum err key_fault(struct fault *fault, const char *where, const char *what)
{
    char why[160] = "unreadable";
    unsigned long code = ERR_peek_last_error();
    if (code)
        ERR_error_string_n(code, why, sizeof why);
    ERR_clear_error();
    return fault_set(fault, ERR_INVALID, where, 0, "%s: %s", what, why);
}

static struct tls_context *context_create(bool is_server)
{
    struct tls_context *context = mem_new(struct tls_context);
    context->is_server = is_server;
    ERR_clear_error();
    context->ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    BUG_IF(!context->ctx);
    SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(context->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context->ctx, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

static bool use_chain_text(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    bool good = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;
    X509 *next = NULL;
    while (good && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
        good = SSL_CTX_add0_chain_cert(ctx, next) == 1; /* a failure here is out of memory */
    if (good)
        ERR_clear_error(); /* the end of the text counts as one */
    X509_free(leaf);
    BIO_free(bio);
    return good;
}

static bool use_key_text(SSL_CTX *ctx, const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    bool good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return good;
}

static bool use_chain(SSL_CTX *ctx, const struct tls_server_config *config)
{
    if (config->cert_pem)
        return use_chain_text(ctx, config->cert_pem);
    return config->cert_file && SSL_CTX_use_certificate_chain_file(ctx, config->cert_file) == 1;
}

static bool use_key(SSL_CTX *ctx, const struct tls_server_config *config)
{
    if (config->key_pem)
        return use_key_text(ctx, config->key_pem);
    return config->key_file &&
           SSL_CTX_use_PrivateKey_file(ctx, config->key_file, SSL_FILETYPE_PEM) == 1;
}

enum err tls_context_create_server(struct tls_context **out, const struct tls_server_config *config,
                                   struct fault *fault)
{
    struct tls_context *context = context_create(true);
    const char *cert = !config->cert_pem && config->cert_file ? config->cert_file : "certificate";
    const char *key = !config->key_pem && config->key_file ? config->key_file : "private key";
    enum err err = OK;
    if (!use_chain(context->ctx, config))
        err = key_fault(fault, cert, "not a PEM certificate");
    else if (!use_key(context->ctx, config))
        err = key_fault(fault, key, "not a PEM private key for the certificate");
    else if (SSL_CTX_check_private_key(context->ctx) != 1)
        err = key_fault(fault, key, "does not belong to the certificate");
    if (err) {
        tls_context_destroy(context);
        return err;
    }
    *out = context;
    return OK;
}

/* Keeps what was wrong with the first bad certificate, for words about it. */
static int on_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    if (!good && tls && !tls->bad && cert && X509_up_ref(cert))
        tls->bad = cert;
    return good;
}

enum err tls_context_create_client(struct tls_context **out, const struct tls_client_config *config,
                                   struct fault *fault)
{
    struct tls_context *context = context_create(false);
    const char *file = config->ca_file && config->ca_file[0] ? config->ca_file : NULL;
    context->insecure = config->insecure;
    enum err err = OK;
    if (file && SSL_CTX_load_verify_file(context->ctx, file) != 1)
        err = key_fault(fault, file, "not a PEM file with CA certificates");
    else if (!file && SSL_CTX_set_default_verify_paths(context->ctx) != 1)
        err = key_fault(fault, "tls", "the system's CA certificates cannot be read");
    if (err) {
        tls_context_destroy(context);
        return err;
    }
    SSL_CTX_set_verify(context->ctx, config->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                       config->insecure ? NULL : on_verify);
    *out = context;
    return OK;
}

void tls_context_destroy(struct tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ctx); /* each SSL holds it, too */
    mem_free(context);
}

/* ---- connections ---- */

/* RFC 6125: the certificate must be for that name or address; RFC 6066 §3: no SNI of addresses. */
static void expect_name(struct tls *tls, bool insecure)
{
    struct addr numeric;
    bool is_ip = addr_parse_ip(slice_of(tls->name), 0, &numeric) == OK;
    if (!is_ip)
        SSL_set_tlsext_host_name(tls->ssl, tls->name);
    if (insecure)
        return;
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int done = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, tls->name)
                     : X509_VERIFY_PARAM_set1_host(param, tls->name, 0);
    BUG_IF(done != 1);
}

struct tls *tls_create(const struct tls_context *context, struct slice name)
{
    struct tls *tls = mem_new(struct tls);
    tls->ssl = SSL_new(context->ctx);
    tls->in = BIO_new(BIO_s_mem());
    tls->out = BIO_new(BIO_s_mem());
    BUG_IF(!tls->ssl || !tls->in || !tls->out);
    tls->name = slice_dup(name);
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_bio(tls->ssl, tls->in, tls->out);
    if (context->is_server) {
        SSL_set_accept_state(tls->ssl);
    } else {
        SSL_set_connect_state(tls->ssl);
        BUG_IF(slice_empty(name) && !context->insecure); /* it would be verified for nobody */
        if (name.len)
            expect_name(tls, context->insecure);
    }
    return tls;
}

void tls_destroy(struct tls *tls)
{
    if (!tls)
        return;
    X509_free(tls->bad);
    SSL_free(tls->ssl);
    mem_free(tls->name);
    mem_free(tls);
}

void tls_feed(struct tls *tls, struct slice bytes)
{
    if (bytes.len && !tls->failed) /* reads are far below INT_MAX */
        BUG_IF(BIO_write(tls->in, bytes.ptr, (int)bytes.len) != (int)bytes.len);
}

static enum err explain(struct tls *tls, int result, struct fault *why)
{
    int code = SSL_get_error(tls->ssl, result);
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE)
        return ERR_AGAIN;
    if (code == SSL_ERROR_ZERO_RETURN) {
        tls->closed = true;
        return ERR_CLOSED;
    }
    tls->failed = true;
    enum err err = tls_words(tls->ssl, tls->bad, tls->name, why);
    ERR_clear_error();
    return err;
}

enum err tls_read(struct tls *tls, void *out, size_t cap, size_t *len, struct fault *why)
{
    if (tls->failed)
        return fault_set(why, ERR_CLOSED, "", 0, "TLS failed before");
    ERR_clear_error();
    if (!tls->is_open) {
        int done = SSL_do_handshake(tls->ssl);
        if (done != 1)
            return explain(tls, done, why);
        tls->is_open = true;
    }
    int n = SSL_read(tls->ssl, out, cap > INT32_MAX ? INT32_MAX : (int)cap);
    if (n <= 0)
        return explain(tls, n, why);
    *len = (size_t)n;
    return OK;
}

bool tls_is_open(const struct tls *tls)
{
    return tls->is_open;
}

enum err tls_write(struct tls *tls, struct slice plain)
{
    if (tls->failed || SSL_get_shutdown(tls->ssl) & SSL_SENT_SHUTDOWN)
        return ERR_CLOSED;
    if (!tls->is_open)
        return ERR_MISUSE;
    if (plain.len > INT32_MAX)
        return ERR_LIMIT;
    ERR_clear_error();
    /* the memory takes all of it at once */
    if (plain.len && SSL_write(tls->ssl, plain.ptr, (int)plain.len) != (int)plain.len)
        return ERR_CLOSED;
    return OK;
}

size_t tls_take(struct tls *tls, void *out, size_t cap)
{
    int n = BIO_read(tls->out, out, cap > INT32_MAX ? INT32_MAX : (int)cap);
    return n > 0 ? (size_t)n : 0;
}

void tls_close(struct tls *tls)
{
    if (!tls->is_open || tls->failed)
        return;
    ERR_clear_error();
    SSL_shutdown(tls->ssl);
    ERR_clear_error();
}

void tls_describe(const struct tls *tls, char *out, size_t cap)
{
    if (cap)
        out[0] = '\0';
    if (tls->is_open)
        snprintf(out, cap, "%s %s", SSL_get_version(tls->ssl), SSL_get_cipher(tls->ssl));
}

void tls_describe_peer(const struct tls *tls, char *out, size_t cap)
{
    X509 *leaf = tls->bad ? tls->bad : SSL_get0_peer_certificate(tls->ssl);
    BIO *bio = BIO_new(BIO_s_mem());
    if (leaf) {
        X509_NAME_print_ex(bio, X509_get_subject_name(leaf), 0, XN_FLAG_ONELINE);
        BIO_puts(bio, ", by ");
        X509_NAME_print_ex(bio, X509_get_issuer_name(leaf), 0, XN_FLAG_ONELINE);
        BIO_puts(bio, ", until ");
        ASN1_TIME_print(bio, X509_get0_notAfter(leaf));
    }
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    if (cap)
        snprintf(out, cap, "%.*s", len > 0 ? (int)len : 0, text ? text : "");
    BIO_free(bio);
}
