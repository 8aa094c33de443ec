#include "rtc/cert.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <limits.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/rand.h"
#include "net/addr.h"

enum {
    VALID_DAYS = 825,       /* the longest that every TLS client takes */
    BACKDATE_S = 24 * 3600, /* peers whose clock is behind */
    SERIAL_LEN = 16,
    NAME_MAX_LEN = 253,   /* a DNS name */
    COMMON_NAME_MAX = 64, /* RFC 5280, ub-common-name */
};

static const struct {
    const char *name; /* in SDP: RFC 8122 §5 */
    const EVP_MD *(*digest)(void);
} hashes[] = {
    { "sha-1", EVP_sha1 },
    { "sha-256", EVP_sha256 },
    { "sha-384", EVP_sha384 },
    { "sha-512", EVP_sha512 },
};

enum err cert_digest(struct slice cert_der, const char *hash, uint8_t out[CERT_DIGEST_MAX],
                     size_t *len)
{
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        unsigned n = 0;
        if (!slice_iis(slice_of(hash), hashes[i].name))
            continue;
        BUG_IF(EVP_Digest(cert_der.ptr, cert_der.len, out, &n, hashes[i].digest(), NULL) != 1);
        *len = n;
        return OK;
    }
    return ERR_UNSUPPORTED;
}

enum err cert_fingerprint_parse(struct slice text, uint8_t out[CERT_DIGEST_MAX], size_t *len)
{
    size_t n = 0;
    if (slice_ends(text, SLICE(":")))
        return ERR_PARSE;
    while (text.len) {
        size_t room = 1;
        struct slice pair = slice_cut(&text, ':');
        if (n == CERT_DIGEST_MAX || pair.len != 2 || hex_parse(pair, out + n, &room))
            return ERR_PARSE;
        n++;
    }
    if (!n)
        return ERR_PARSE;
    *len = n;
    return OK;
}

void cert_fingerprint_print(const uint8_t *digest, size_t len, char out[CERT_FINGERPRINT_TEXT])
{
    struct buf buf;
    buf_init(&buf, out, CERT_FINGERPRINT_TEXT);
    for (size_t i = 0; i < len; i++)
        buf_printf(&buf, "%s%02X", i ? ":" : "", digest[i]);
    buf_cstr(&buf);
}

static X509 *read_cert(struct slice pem)
{
    if (slice_empty(pem))
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)num_min((int64_t)pem.len, INT_MAX));
    BUG_IF(!bio);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error(); /* or the next SSL call on this thread would seem to have failed */
    return cert;
}

enum err cert_fingerprint(struct slice cert_pem, const char *hash, char out[CERT_FINGERPRINT_TEXT])
{
    uint8_t digest[CERT_DIGEST_MAX];
    size_t len = 0;
    unsigned char *der = NULL;
    X509 *cert = read_cert(cert_pem);
    if (!cert)
        return ERR_PARSE;
    int der_len = i2d_X509(cert, &der);
    BUG_IF(der_len <= 0);
    enum err err = cert_digest(slice_make(der, (size_t)der_len), hash, digest, &len);
    if (!err)
        cert_fingerprint_print(digest, len, out);
    OPENSSL_free(der);
    X509_free(cert);
    return err;
}

/* One subjectAltName entry. Built value by value: a name in a configuration must not be able to
 * smuggle in others, as a comma in OpenSSL's text form would. */
static void add_alt_name(GENERAL_NAMES *names, const char *text)
{
    struct addr addr;
    GENERAL_NAME *name = GENERAL_NAME_new();
    BUG_IF(!name);
    if (!addr_parse_ip(slice_of(text), 0, &addr)) {
        bool v6 = addr_is_v6(&addr);
        const void *ip = v6 ? (const void *)&addr.in6.sin6_addr : (const void *)&addr.in4.sin_addr;
        ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
        BUG_IF(!octets || !ASN1_OCTET_STRING_set(octets, ip, v6 ? 16 : 4));
        GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
    } else {
        ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
        BUG_IF(!dns || !ASN1_STRING_set(dns, text, -1));
        GENERAL_NAME_set0_value(name, GEN_DNS, dns);
    }
    BUG_IF(!sk_GENERAL_NAME_push(names, name));
}

static void add_alt_names(X509 *cert, const char *const *alt_names)
{
    if (!alt_names || !alt_names[0])
        return;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    BUG_IF(!names);
    for (size_t i = 0; alt_names[i]; i++)
        add_alt_name(names, alt_names[i]);
    BUG_IF(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) != 1);
    GENERAL_NAMES_free(names);
}

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    BUG_IF(!extension || X509_add_ext(cert, extension, -1) != 1);
    X509_EXTENSION_free(extension);
}

static void set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_LEN];
    rand_bytes(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and of full length */
    BIGNUM *serial = BN_bin2bn(bytes, sizeof bytes, NULL);
    BUG_IF(!serial || !BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)));
    BN_free(serial);
}

static X509 *make_cert(EVP_PKEY *key, const char *common_name, const char *const *alt_names)
{
    X509 *cert = X509_new();
    BUG_IF(!cert || X509_set_version(cert, X509_VERSION_3) != 1);
    set_serial(cert);
    BUG_IF(!X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S));
    BUG_IF(!X509_time_adj_ex(X509_getm_notAfter(cert), VALID_DAYS - 1, 0, NULL));
    X509_NAME *name = X509_get_subject_name(cert);
    BUG_IF(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                      -1, -1, 0) != 1);
    BUG_IF(X509_set_issuer_name(cert, name) != 1 || X509_set_pubkey(cert, key) != 1);
    add_extension(cert, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(cert, NID_key_usage, "critical,digitalSignature");
    add_extension(cert, NID_ext_key_usage, "serverAuth,clientAuth");
    add_alt_names(cert, alt_names);
    BUG_IF(X509_sign(cert, key, EVP_sha256()) == 0);
    return cert;
}

/* What was written to a memory BIO, as text on our heap. */
static char *take_text(BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    BUG_IF(len <= 0);
    char *text = mem_copy_text(bytes, (size_t)len);
    mem_wipe(bytes, (size_t)len); /* it may be a key */
    BIO_free(bio);
    return text;
}

static bool is_name(const char *name, size_t max)
{
    size_t len = name ? strlen(name) : 0;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)name[i] <= ' ' || (unsigned char)name[i] > '~')
            return false;
    }
    return len > 0 && len <= max;
}

static enum err check_names(const char *common_name, const char *const *alt_names,
                            struct fault *fault)
{
    if (!is_name(common_name, COMMON_NAME_MAX))
        return fault_set(fault, ERR_INVALID, "common name", 0,
                         "expected 1 to %d printable ASCII characters", COMMON_NAME_MAX);
    for (size_t i = 0; alt_names && alt_names[i]; i++) {
        if (i == CERT_ALT_NAMES_MAX)
            return fault_set(fault, ERR_INVALID, "alternative names", 0, "more than %d of them",
                             CERT_ALT_NAMES_MAX);
        if (!is_name(alt_names[i], NAME_MAX_LEN))
            return fault_set(fault, ERR_INVALID, "alternative names", 0,
                             "expected a host name or an address, got \"%.60s\"", alt_names[i]);
    }
    return OK;
}

enum err cert_make_ecdsa(char **cert_pem, char **key_pem, const char *common_name,
                         const char *const *alt_names, struct fault *fault)
{
    enum err err = check_names(common_name, alt_names, fault);
    if (err)
        return err;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BUG_IF(!key);
    X509 *cert = make_cert(key, common_name, alt_names);
    BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
    BUG_IF(!cert_bio || PEM_write_bio_X509(cert_bio, cert) != 1);
    BUG_IF(!key_bio || PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) != 1);
    *cert_pem = take_text(cert_bio);
    *key_pem = take_text(key_bio);
    X509_free(cert);
    EVP_PKEY_free(key);
    return OK;
}
